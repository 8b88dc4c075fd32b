//! `okta-insight tokens`

use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sync_console::access::{
    AccessToken, Role as Access, TokenError, TokenRequest, create_token, renew_token, revoke_token,
};
use sync_service::engine::{Clock, SystemClock};
use sync_service::{ServiceError, Store, error_chain};

use crate::args::{ConfigFile, Output, some_time};
use crate::output::{Failure, Outcome, print_json, table};

/// What `okta-insight tokens` takes.
#[derive(Debug, Args)]
pub(crate) struct Tokens {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show every access token of the console, but never the token itself.
    List(Place),
    /// Make an access token, and print it this once. It works at once, also with a running daemon.
    Create(Create),
    /// Give an access token another end. It works at once, also with a running daemon.
    Renew(Renew),
    /// Make an access token worthless, and end the sessions that began with it.
    Revoke(Revoke),
}

/// Whose tokens.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    place: Place,
    /// What it allows.
    #[arg(long, value_enum)]
    role: Role,
    /// What people call it, such as whose it is.
    #[arg(long)]
    name: String,
    /// For how long it is good, such as 30d; until it is revoked when this is not given.
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
struct Renew {
    #[command(flatten)]
    place: Place,
    /// Its number or its name.
    #[arg(value_name = "ID|NAME")]
    which: String,
    /// For how long it is good from now on, such as 30d; until it is revoked when this is not given.
    #[arg(long, value_name = "TIME", value_parser = some_time)]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    place: Place,
    /// Its number or its name.
    #[arg(value_name = "ID|NAME")]
    which: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Everything.
    Admin,
    /// Look at everything that is no secret.
    ReadOnly,
}

impl From<Role> for Access {
    fn from(role: Role) -> Self {
        match role {
            Role::Admin => Self::Admin,
            Role::ReadOnly => Self::ReadOnly,
        }
    }
}

impl Tokens {
    /// The change that is made, where, and the choices that came with it; `None` where nothing changes.
    pub(crate) fn changed(&self) -> Option<(&'static str, &ConfigFile, Value)> {
        Some(match &self.command {
            Command::List(_) => return None,
            Command::Create(args) => {
                let role = Access::from(args.role);
                ("create_token", &args.place.file, json!({ "name": kept(&args.name), "role": role.as_str() }))
            }
            Command::Renew(args) => ("renew_token", &args.place.file, json!({ "which": kept(&args.which) })),
            Command::Revoke(args) => {
                ("revoke_token", &args.place.file, json!({ "which": kept(&args.which) }))
            }
        })
    }
}

/// The text as it was typed, unless it looks like a secret.
fn kept(text: &str) -> &str {
    if text.trim().starts_with("oia_") { "oia_..." } else { text }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let code = if error.is_usage() { 2 } else { 1 };
        Self { message: error_chain(&error), hint: error.hint().map(str::to_owned), code }
    }
}

pub(crate) async fn run(args: &Tokens, output: Output) -> Outcome {
    let place = match &args.command {
        Command::List(place) => place,
        Command::Create(create) => &create.place,
        Command::Renew(renew) => &renew.place,
        Command::Revoke(revoke) => &revoke.place,
    };
    let config = place.file.load()?;
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let told = tell(args, &store, output).await;
    store.close().await;
    told.map(|()| ExitCode::SUCCESS)
}

async fn tell(args: &Tokens, store: &Store, output: Output) -> Result<(), Failure> {
    if !matches!(args.command, Command::List(_)) {
        store.await_turn().await.map_err(ServiceError::from)?;
    }
    match &args.command {
        Command::List(_) => list(store, output).await,
        Command::Create(args) => create(args, store, output).await,
        Command::Renew(args) => renew(args, store, output).await,
        Command::Revoke(args) => revoke(args, store, output).await,
    }
}

async fn list(store: &Store, output: Output) -> Result<(), Failure> {
    let tokens = store.access().tokens().await.map_err(ServiceError::from)?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "tokens": tokens }));
    }
    if tokens.is_empty() {
        println!(
            "There is no token yet: the daemon makes the first one when it starts, or `tokens create` does."
        );
        return Ok(());
    }
    let mut rows = table(["id", "name", "role", "state", "created", "last used"]);
    for token in &tokens {
        rows.add_row([
            token.id.to_string(),
            token.name.clone(),
            token.role.as_str().to_owned(),
            state(token),
            format!("{:.0}", token.created_at),
            token.last_used_at.map_or_else(|| "never".to_owned(), |used| format!("{used:.0}")),
        ]);
    }
    println!("{rows}");
    Ok(())
}

fn state(token: &AccessToken) -> String {
    match (token.revoked_at, token.expires_at) {
        (Some(revoked), _) => format!("revoked {revoked:.0}"),
        (None, Some(expires)) if token.is_valid(SystemClock.now()) => format!("expires {expires:.0}"),
        (None, Some(expires)) => format!("expired {expires:.0}"),
        (None, None) => "valid".to_owned(),
    }
}

async fn create(args: &Create, store: &Store, output: Output) -> Result<(), Failure> {
    let now = SystemClock.now();
    let expires = end(now, args.expires_in)?;
    let wish = TokenRequest { name: args.name.clone(), role: args.role.into(), expires };
    let (made, token) = create_token(&store.access(), &wish, now).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "token": token.expose_secret(), "entry": made }));
    }
    eprintln!(
        "Token {} \"{}\" ({}). Keep it now: it is not shown again.",
        made.id,
        made.name,
        made.role.as_str()
    );
    println!("{}", token.expose_secret());
    Ok(())
}

/// The end of a token that is good for so long.
fn end(now: Timestamp, time: Option<Duration>) -> Result<Option<Timestamp>, Failure> {
    let far = |_| Failure { code: 2, ..Failure::new("--expires-in is further away than times go") };
    time.map(|time| now.checked_add(time)).transpose().map_err(far)
}

async fn renew(args: &Renew, store: &Store, output: Output) -> Result<(), Failure> {
    let now = SystemClock.now();
    let expires = end(now, args.expires_in)?;
    let renewed = renew_token(&store.access(), &args.which, expires, now).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "renewed": renewed }));
    }
    println!("Token {} \"{}\": {}.", renewed.id, renewed.name, state(&renewed));
    Ok(())
}

async fn revoke(args: &Revoke, store: &Store, output: Output) -> Result<(), Failure> {
    let revoked = revoke_token(&store.access(), &args.which, SystemClock.now()).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "revoked": revoked }));
    }
    println!("Token {} \"{}\" is revoked, and its sessions have ended.", revoked.id, revoked.name);
    Ok(())
}
