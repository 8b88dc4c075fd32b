//! The daemon. Parses arguments, opens the connections, serves and follows until told to stop.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Parser, ValueEnum};
use sync_service::{Config, Connection, Monitor, Receiver, ServiceError, Store, explain, shutdown_requested};
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

/// Keeps Assets current with Okta.
#[derive(Debug, Parser)]
#[command(name = "okta-insightd", version, about, max_term_width = 100)]
struct Arguments {
    /// The configuration file.
    #[arg(long, short, default_value = "okta-insight.toml", env = "OKTA_INSIGHT_CONFIG")]
    config: PathBuf,
    /// How log lines are written, on standard error.
    #[arg(long, value_enum, default_value = "text", env = "OKTA_INSIGHT_LOG_FORMAT")]
    log_format: LogFormat,
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
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match arguments.log_format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
    match run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", explain(&error));
            if let Some(hint) = error.hint() {
                eprintln!("hint: {hint}");
            }
            ExitCode::from(if error.is_usage() { 2 } else { 1 })
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), ServiceError> {
    let config = Config::load(&arguments.config)?;
    for connection in config.connections.values() {
        Connection::check(connection)?;
    }
    let store = Store::open(&config.store).await?;
    let mut connections = Vec::new();
    let mut claims = Vec::new();
    for settings in config.connections.values() {
        let connection = Connection::open(settings, &store).await?;
        claims.push(connection.claim_to_follow(&config.store).await?);
        connections.push(Arc::new(connection));
    }
    let receiver = Receiver::bind(config.listen, connections.iter().map(Arc::as_ref)).await?;
    tracing::info!(address = %receiver.address(), connections = connections.len(), "listening for event hooks");
    let monitor = match config.metrics {
        Some(address) => Some(Monitor::bind(address, &connections, config.stuck_after).await?),
        None => None,
    };
    let stop = CancellationToken::new();
    let mut tasks = vec![tokio::spawn(receiver.serve(stop.clone()))];
    if let Some(monitor) = monitor {
        tracing::info!(address = %monitor.address(), "answering /metrics, /healthz and /readyz");
        tasks.push(tokio::spawn(monitor.serve(stop.clone())));
    }
    for connection in connections {
        let stop = stop.clone();
        tasks.push(tokio::spawn(async move { connection.follow(&stop).await }));
    }
    shutdown_requested().await;
    tracing::info!("stopping");
    stop.cancel();
    for task in tasks {
        if let Err(error) = task.await {
            tracing::error!(%error, "a task did not end well");
        }
    }
    drop(claims);
    store.close().await;
    Ok(())
}
