//! `okta-insight demo`: setup, a full sync, and live changes in a sandbox.

mod changes;
mod live;
mod report;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use sandbox::audit::{self, Comparison};
use sandbox::{ControlClient, Sandbox};
use secrecy::ExposeSecret;
use sync_config::Config;
use sync_console::Console;
use sync_daemon::{Connection, ConnectionManager, HookReceiver, ServiceError};
use sync_engine::{RunReport, Safeguards};
use tokio_util::sync::CancellationToken;

use crate::args::Output;
use crate::commands::sandbox::Org;
use crate::commands::{sandbox as sandbox_command, stop_on_signal};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json};
use crate::progress::Bars;
use crate::words::findings::finding;
use crate::words::units::{count, span};
use live::Live;

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) org: Org,
    /// Exit after one round of changes instead of continuing until Ctrl-C
    #[arg(long)]
    pub(crate) exit: bool,
}

/// The longest time until both sides are equal after the last change.
const SYNC_TIMEOUT: Duration = Duration::from_secs(30);

pub(crate) async fn run(args: &Demo, output: Output) -> Outcome {
    sandbox_command::check_org_data(&args.org)?;
    let stop = stop_on_signal();
    let sandbox = Sandbox::start(&sandbox_command::options(&args.org)).await?;
    let folder = tempfile::tempdir()?;
    let text = sandbox_command::config(
        sandbox.ready(),
        &sandbox_command::FreePorts::find()?,
        &folder.path().join("demo.db"),
    )?;
    let config = Config::from_toml(&text, "the demo's configuration", folder.path(), [])?;
    let manager = ConnectionManager::open(config, &folder.path().join("demo.toml")).await?;
    let connection = connection(&manager)?;
    let receiver = HookReceiver::for_connections(&manager).await.map_err(ServiceError::from)?;
    let mut serving = vec![tokio::spawn(receiver.serve(stop.clone()))];
    if let Some(settings) = &manager.config().console {
        let console = Console::bind(settings, &manager).await?;
        announce(&console).await?;
        serving.push(tokio::spawn(console.serve(stop.clone())));
    }

    let full_sync = prepare(&connection, &sandbox, &stop).await?;
    let control = ControlClient::new(sandbox.control_url());
    manager.start();
    let mut live = Live::new(control.clone());
    live.round(&stop).await?;
    if !args.exit {
        eprintln!("\nApplying live changes. Press Ctrl-C to stop.");
        live.repeat(&stop).await?;
    }
    let audit = wait_until_in_sync(&control).await?;
    stop.cancel();
    for task in serving {
        // It ends once it is canceled.
        let _ = task.await;
    }
    manager.end().await;
    sandbox.shutdown().await;
    match output {
        Output::Json => print_json(&report::document(&audit, &full_sync, &live))?,
        Output::Text => report::print(&audit, &full_sync, &live),
    }
    if audit.in_sync && live.all_applied() { Ok(ExitCode::SUCCESS) } else { Ok(ExitCode::FAILURE) }
}

/// The only connection.
fn connection(manager: &ConnectionManager) -> Result<Arc<Connection>, Failure> {
    let member = manager.members().into_iter().next();
    let member =
        member.ok_or_else(|| Failure::new(ErrorCode::InternalError, "the demo has no connection"))?;
    Ok(Arc::clone(member.working()?))
}

/// Prints the URL of the console and an access token.
async fn announce(console: &Console) -> Result<(), Failure> {
    let token = console.first_token().await?;
    let token = token.map(|token| format!(", access token {}", token.expose_secret())).unwrap_or_default();
    eprintln!("Console      {}{token}", console.url());
    Ok(())
}

/// The product's buttons, in order: Setup, Verify Okta Hook, Synchronize.
async fn prepare(
    connection: &Connection,
    sandbox: &Sandbox,
    stop: &CancellationToken,
) -> Result<RunReport, Failure> {
    let ready = sandbox.ready();
    let address = |side: &str, name: &str| ready[side][name].as_str().unwrap_or_default().to_owned();
    eprintln!(
        "Sandbox      Okta at {}, Assets at {}",
        address("okta", "org_url"),
        address("insight", "api_url")
    );
    let setup = connection.engine().setup(connection.has_hook()).await?;
    eprintln!(
        "Setup        {} in Assets, event hook in Okta",
        count(setup.schema.added_attributes.len(), "attribute")
    );
    let verified = connection.engine().verify(connection.has_hook()).await?;
    if let Some(problem) = verified.findings.first() {
        return Err(Failure::new(ErrorCode::CheckFailed, finding(problem)));
    }
    eprintln!("Verify       event hook active, verified, subscribed");
    let bars = Bars::new();
    let report = connection.engine().full_sync(&Safeguards::default(), &bars, stop).await?;
    drop(bars);
    let sent: u64 = report.records.values().map(|counts| counts.sent).sum();
    eprintln!(
        "Synchronize  {} in {}, {} to Okta",
        count(sent, "object"),
        span(report.duration_seconds),
        count(report.okta_requests, "request")
    );
    Ok(report)
}

/// The comparison after all changes are applied.
async fn wait_until_in_sync(control: &ControlClient) -> Result<Comparison, Failure> {
    let deadline = tokio::time::Instant::now() + SYNC_TIMEOUT;
    loop {
        let audit = audit::compare(control)
            .await
            .map_err(|e| Failure::new(ErrorCode::SandboxFailed, e.to_string()))?;
        if audit.in_sync || tokio::time::Instant::now() >= deadline {
            return Ok(audit);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
