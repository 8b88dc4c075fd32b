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
use sync_daemon::ServiceError;
use sync_engine::{Clock, SystemClock, error_chain};
use sync_store::Store;

use crate::args::values::duration;
use crate::args::{ConfigFile, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json, table};
use crate::words::commands::TOKENS_CREATE;

#[derive(Debug, Args)]
pub(crate) struct Tokens {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List access tokens
    List(Place),
    /// Create an access token and print it once
    Create(Create),
    /// Change the expiration of an access token
    Renew(Renew),
    /// Revoke an access token and end its sessions
    Revoke(Revoke),
}

/// The configuration of the store.
#[derive(Debug, Args)]
struct Place {
    #[command(flatten)]
    file: ConfigFile,
}

#[derive(Debug, Args)]
struct Create {
    #[command(flatten)]
    place: Place,
    /// Role of the token
    #[arg(long, value_enum)]
    role: Role,
    /// Name of the token, such as its owner
    #[arg(long, value_name = "NAME")]
    name: String,
    /// Time until the token expires, such as 30d [default: never]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        help = "Time until the token expires, such as 30d [default: never]"
    )]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
struct Renew {
    #[command(flatten)]
    place: Place,
    /// ID or name of the token
    #[arg(value_name = "ID|NAME")]
    which: String,
    /// New time until the token expires, such as 30d [default: never]
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        help = "New time until the token expires, such as 30d [default: never]"
    )]
    expires_in: Option<Duration>,
}

#[derive(Debug, Args)]
struct Revoke {
    #[command(flatten)]
    place: Place,
    /// ID or name of the token
    #[arg(value_name = "ID|NAME")]
    which: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Role {
    /// Administrator: changes everything
    Admin,
    /// Read-only: views everything except secrets
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
    /// The change, its configuration, and its parameters; `None` if nothing changes.
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

/// The text as entered, unless it resembles a secret.
fn kept(text: &str) -> &str {
    if text.trim().starts_with("oia_") { "oia_..." } else { text }
}

impl From<TokenError> for Failure {
    fn from(error: TokenError) -> Self {
        let (code, exit) = match &error {
            TokenError::Unknown(_) => (ErrorCode::NotFound, 2),
            TokenError::Store(_) => (ErrorCode::StoreFailed, 1),
            _ => (ErrorCode::InvalidArguments, 2),
        };
        Self { code, message: error_chain(&error), hint: error.hint().map(str::to_owned), exit }
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
    let done = apply(args, &store, output).await;
    store.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn apply(args: &Tokens, store: &Store, output: Output) -> Result<(), Failure> {
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
            "No access tokens yet. The daemon creates the first one when it starts. To create one now, run `{TOKENS_CREATE}`."
        );
        return Ok(());
    }
    let mut rows = table(["id", "name", "role", "state", "created", "last used"]);
    for token in &tokens {
        rows.add_row([
            token.id.to_string(),
            token.name.clone(),
            role(token.role).to_owned(),
            state(token),
            format!("{:.0}", token.created_at),
            token.last_used_at.map_or_else(|| "never".to_owned(), |used| format!("{used:.0}")),
        ]);
    }
    println!("{rows}");
    Ok(())
}

/// The label of a role.
const fn role(role: Access) -> &'static str {
    match role {
        Access::Admin => "administrator",
        Access::ReadOnly => "read-only",
    }
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
    let request = TokenRequest { name: args.name.clone(), role: args.role.into(), expires };
    let (entry, token) = create_token(&store.access(), &request, now).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "token": token.expose_secret(), "entry": entry }));
    }
    eprintln!(
        "Created access token {} `{}` ({}). Copy it now; it isn't shown again.",
        entry.id,
        entry.name,
        role(entry.role)
    );
    println!("{}", token.expose_secret());
    Ok(())
}

/// The expiration of a token that is valid for this time.
fn end(now: Timestamp, time: Option<Duration>) -> Result<Option<Timestamp>, Failure> {
    let far = |_| Failure::usage("--expires-in: duration is too long");
    time.map(|time| now.checked_add(time)).transpose().map_err(far)
}

async fn renew(args: &Renew, store: &Store, output: Output) -> Result<(), Failure> {
    let now = SystemClock.now();
    let expires = end(now, args.expires_in)?;
    let renewed = renew_token(&store.access(), &args.which, expires, now).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "renewed": renewed }));
    }
    println!("Access token {} `{}`: {}", renewed.id, renewed.name, state(&renewed));
    Ok(())
}

async fn revoke(args: &Revoke, store: &Store, output: Output) -> Result<(), Failure> {
    let revoked = revoke_token(&store.access(), &args.which, SystemClock.now()).await?;
    if output == Output::Json {
        return print_json(&serde_json::json!({ "revoked": revoked }));
    }
    println!("Revoked access token {} `{}` and ended its sessions.", revoked.id, revoked.name);
    Ok(())
}
