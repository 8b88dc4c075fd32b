//! The daemon: parses arguments, opens the connections, and serves and syncs until it is stopped.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use futures::future::join_all;
use plain_text::{VisibleLines, visible};
use secrecy::{ExposeSecret, SecretString};
use sync_config::init::write_private;
use sync_config::{Config, exposed_files};
use sync_console::Console;
use sync_daemon::{ConnectionManager, END_WITHIN, HookReceiver, MetricsServer, shutdown_requested};
use sync_engine::error_chain;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

mod failure;

use failure::Failure;

/// The configuration file that is read unless another one is named.
const CONFIG: &str = "okta-insight.toml";

/// Sync Okta to Assets continuously and serve the console
#[derive(Debug, Parser)]
#[command(name = "okta-insightd", version, about, max_term_width = 100)]
struct Arguments {
    /// The configuration file.
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "OKTA_INSIGHT_CONFIG",
        hide_env_values = true,
        help = "Configuration file. Optional if all connections are created in the console [default: okta-insight.toml]"
    )]
    config: Option<PathBuf>,
    /// Format of log lines, which are written to standard error
    #[arg(long, value_enum, value_name = "FORMAT", default_value = "text", env = "OKTA_INSIGHT_LOG_FORMAT")]
    log_format: LogFormat,
    /// File for the first access token, which only its owner can read, or - for standard output. Without it, the token is
    /// shown on the terminal or written to a file beside the state store
    #[arg(long, value_name = "FILE", env = "OKTA_INSIGHT_FIRST_TOKEN_FILE")]
    first_token_file: Option<PathBuf>,
}

/// The default log filter. The client's lines contain Okta's request IDs of failed requests.
const LOG: &str = "info,okta_client=debug";

/// The variable that sets the log filter.
const LOG_VARIABLE: &str = "OKTA_INSIGHT_LOG";

/// The log filter, or a message if the variable can't be used.
fn log_filter() -> Result<EnvFilter, String> {
    match std::env::var(LOG_VARIABLE) {
        Ok(text) if !text.trim().is_empty() => EnvFilter::builder()
            .parse(&text)
            .map_err(|error| format!("invalid log filter `{text}` in {LOG_VARIABLE}: {error}")),
        _ => Ok(EnvFilter::new(LOG)),
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = match log_filter() {
        Ok(filter) => filter,
        Err(message) => {
            eprintln!("error: {}", visible(&message));
            eprintln!(
                "hint: set {LOG_VARIABLE} to a level, such as debug, or to targets with levels, such as okta_client=debug"
            );
            return ExitCode::from(2);
        }
    };
    let colors = std::io::stderr().is_terminal();
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colors)
        .with_writer(move || VisibleLines::new(std::io::stderr(), colors));
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", visible(&error_chain(&error)));
            if let Some(hint) = error.hint() {
                eprintln!("hint: {}", visible(&hint));
            }
            ExitCode::from(if error.is_usage() { 2 } else { 1 })
        }
    }
}

/// Shows the first access token once: on a terminal or in a file, but never in the log.
fn show_first_token(token: &SecretString, file: Option<&Path>, store: &Path) {
    let shown = file == Some(Path::new("-"));
    if shown || file.is_none() && std::io::stderr().is_terminal() {
        let text = format!(
            "Sign in to the console with this access token. It is shown once and expires after one day unless it is renewed: {}",
            token.expose_secret()
        );
        if shown {
            println!("{text}");
        } else {
            eprintln!("{text}");
        }
        return;
    }
    let beside = store.with_extension("first-token");
    let file = file.unwrap_or(&beside);
    match write_private(file, &format!("{}\n", token.expose_secret())) {
        Ok(()) => tracing::info!(
            file = %file.display(),
            "saved the first access token, which expires after one day unless it is renewed"
        ),
        Err(error) => {
            let hint = "create another one with `okta-insight tokens create --role admin --name NAME`";
            tracing::error!(error = error_chain(&error), hint, "could not save the first access token");
        }
    }
}

/// The running parts of the daemon.
struct Daemon {
    manager: Arc<ConnectionManager>,
    servers: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let shutdown = shutdown_requested();
    tokio::pin!(shutdown);
    let Daemon { manager, servers, stop } = tokio::select! {
        started = start(arguments) => started?,
        () = &mut shutdown => {
            tracing::info!("stopping");
            end_in_time(0);
            return Ok(());
        }
    };
    let lost = tokio::select! {
        () = shutdown => None,
        error = manager.lost() => Some(error),
    };
    tracing::info!("stopping");
    end_in_time(u8::from(lost.is_some()));
    stop.cancel();
    let (ended, ()) = tokio::join!(join_all(servers), manager.halt());
    for error in ended.into_iter().filter_map(Result::err) {
        tracing::error!(%error, "a task failed");
    }
    manager.end().await;
    lost.map_or(Ok(()), |error| Err(error.into()))
}

async fn start(arguments: &Arguments) -> Result<Daemon, Failure> {
    let (config, file) = match &arguments.config {
        Some(file) => (Config::load(file)?, file.as_path()),
        None => (Config::load_if_there(Path::new(CONFIG))?, Path::new(CONFIG)),
    };
    for variable in &config.unsupported_variables {
        tracing::warn!(name = %variable.name, reason = variable.reason, "environment variable has no effect");
    }
    for exposed in exposed_files(file) {
        tracing::warn!(file = %exposed.file.display(), mode = exposed.mode, hint = plain_text::remedy(&exposed.remedy()), "other users can read a secret");
    }
    if config.console.is_none() {
        // Without a console, no connection can be added.
        config.chosen(None)?;
    }
    let manager = ConnectionManager::open(config, file).await?;
    let config = manager.config();
    let stop = CancellationToken::new();
    sync_console::serve_locally(&manager, &stop).await;
    let receiver = HookReceiver::for_connections(&manager).await?;
    tracing::info!(address = %receiver.address(), connections = manager.members().len(), "listening for event hooks");
    let monitor = match config.metrics_listen {
        Some(address) => Some(MetricsServer::for_connections(address, &manager).await?),
        None => None,
    };
    let console = match &config.console {
        Some(settings) => Some(Console::bind(settings, &manager).await?),
        None => None,
    };
    let mut servers = vec![tokio::spawn(receiver.serve(stop.clone()))];
    if let Some(monitor) = monitor {
        tracing::info!(address = %monitor.address(), "serving /metrics, /healthz, and /readyz");
        servers.push(tokio::spawn(monitor.serve(stop.clone())));
    }
    if let Some(console) = console {
        tracing::info!(url = %console.url(), "serving the console");
        if let Some(token) = console.first_token().await? {
            show_first_token(&token, arguments.first_token_file.as_deref(), &config.store);
        }
        servers.push(tokio::spawn(console.serve(stop.clone())));
    }
    manager.start();
    Ok(Daemon { manager, servers, stop })
}

/// Ends the process even if another operation lasts longer, such as a DNS lookup that can't be canceled. No data is
/// lost.
#[expect(clippy::disallowed_methods, reason = "in a thread, because the runtime may be what doesn't end")]
fn end_in_time(code: u8) {
    std::thread::spawn(move || {
        std::thread::sleep(END_WITHIN);
        tracing::warn!("shutdown timed out; the next start resumes the work");
        std::process::exit(code.into());
    });
}
