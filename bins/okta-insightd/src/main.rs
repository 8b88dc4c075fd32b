//! The daemon. Parses arguments, opens the connections, serves and follows until told to stop.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use futures::future::join_all;
use sync_console::Console;
use sync_service::init::write_private;
use sync_service::{
    Config, ConnectionManager, END_WITHIN, ExposeSecret, HookReceiver, MetricsServer, Secret, VisibleLines,
    error_chain, exposed_files, shutdown_requested, visible,
};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

mod failure;

use failure::Failure;

/// What is read unless another file is named.
const CONFIG: &str = "okta-insight.toml";

/// Keeps Assets current with Okta.
#[derive(Debug, Parser)]
#[command(name = "okta-insightd", version, about, max_term_width = 100)]
struct Arguments {
    /// The configuration file; okta-insight.toml unless given, which may be missing: connections can be added in the
    /// console.
    #[arg(long, short, env = "OKTA_INSIGHT_CONFIG")]
    config: Option<PathBuf>,
    /// How log lines are written, on standard error.
    #[arg(long, value_enum, default_value = "text", env = "OKTA_INSIGHT_LOG_FORMAT")]
    log_format: LogFormat,
    /// File for the first token of the console, readable by its owner alone, unless a terminal shows the token; - is standard output.
    /// Beside the state store unless given.
    #[arg(long, value_name = "FILE", env = "OKTA_INSIGHT_FIRST_TOKEN_FILE")]
    first_token_file: Option<PathBuf>,
}

/// What is logged when nothing else is asked for. The client's own lines are about requests that failed, with the ids
/// by which Okta knows them.
const LOG: &str = "info,okta_client=debug";

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("OKTA_INSIGHT_LOG").unwrap_or_else(|_| EnvFilter::new(LOG));
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

/// Gives the first token to the operator, this once: on a terminal or in a file, and not in the log.
fn hand_over(token: &Secret, file: Option<&Path>, store: &Path) {
    let shown = file == Some(Path::new("-"));
    if shown || file.is_none() && std::io::stderr().is_terminal() {
        let text = format!(
            "Sign in to the console with this token, which ends after a day unless it is renewed; it is shown this once: {}",
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
            "the first token of the console is in this file; it ends after a day unless it is renewed"
        ),
        Err(error) => {
            let hint = "make another with `okta-insight tokens create --role admin --name NAME`";
            tracing::error!(
                error = error_chain(&error),
                hint,
                "the first token of the console could not be written"
            );
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), Failure> {
    let (config, file) = match &arguments.config {
        Some(file) => (Config::load(file)?, file.as_path()),
        None => (Config::load_if_there(Path::new(CONFIG))?, Path::new(CONFIG)),
    };
    for variable in &config.unsupported_variables {
        tracing::warn!(name = %variable.name, reason = variable.reason, "environment variable has no effect");
    }
    for exposed in exposed_files(file) {
        tracing::warn!(file = %exposed.file.display(), mode = exposed.mode, hint = exposed.hint(), "a secret can be read by others");
    }
    if config.console.is_none() {
        // Without a console nobody could add one.
        config.chosen(None)?;
    }
    let fleet = ConnectionManager::open(config, file).await?;
    let config = fleet.config();
    let receiver = HookReceiver::of_fleet(&fleet).await?;
    tracing::info!(address = %receiver.address(), connections = fleet.members().len(), "listening for event hooks");
    let stop = CancellationToken::new();
    let monitor = match config.metrics_listen {
        Some(address) => Some(MetricsServer::of_fleet(address, &fleet).await?),
        None => None,
    };
    let console = match &config.console {
        Some(settings) => Some(Console::bind(settings, &fleet).await?),
        None => None,
    };
    let mut tasks = vec![tokio::spawn(receiver.serve(stop.clone()))];
    if let Some(monitor) = monitor {
        tracing::info!(address = %monitor.address(), "answering /metrics, /healthz and /readyz");
        tasks.push(tokio::spawn(monitor.serve(stop.clone())));
    }
    if let Some(console) = console {
        tracing::info!(url = %console.url(), "serving the console");
        if let Some(token) = console.first_token().await? {
            hand_over(&token, arguments.first_token_file.as_deref(), &config.store);
        }
        tasks.push(tokio::spawn(console.serve(stop.clone())));
    }
    fleet.start();
    let lost = tokio::select! {
        () = shutdown_requested() => None,
        error = fleet.lost() => Some(error),
    };
    tracing::info!("stopping");
    end_in_time(u8::from(lost.is_some()));
    stop.cancel();
    let (ended, ()) = tokio::join!(join_all(tasks), fleet.halt());
    for error in ended.into_iter().filter_map(Result::err) {
        tracing::error!(%error, "a task did not end well");
    }
    fleet.end().await;
    lost.map_or(Ok(()), |error| Err(error.into()))
}

/// Ends the process however long something else takes: a look-up of a name, for instance, cannot be given up. Nothing is
/// lost by it.
fn end_in_time(code: u8) {
    std::thread::spawn(move || {
        std::thread::sleep(END_WITHIN);
        tracing::warn!("what is under way takes too long to end; the next start goes on with it");
        std::process::exit(code.into());
    });
}
