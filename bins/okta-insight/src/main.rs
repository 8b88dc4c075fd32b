//! The operator's command line. Parses arguments, calls one function, prints.

// First: what it prints with is used by all.
#[macro_use]
mod output;

mod args;
mod commands;
mod demo;
mod progress;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::Parser;
use sync_service::VisibleLines;
use tracing_subscriber::EnvFilter;

use args::{Arguments, Command};
use output::Failure;

#[tokio::main]
async fn main() -> ExitCode {
    output::end_when_nobody_reads();
    let arguments = Arguments::parse();
    let filter =
        EnvFilter::try_from_env("OKTA_INSIGHT_LOG").unwrap_or_else(|_| EnvFilter::new("error,audit=info"));
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colors)
        .with_writer(move || VisibleLines::new(std::io::stderr(), colors))
        .init();
    let output = arguments.output;
    let change = match commands::audit::change(&arguments.command) {
        Some(change) => Some(change.begin().await),
        None => None,
    };
    let result = match &arguments.command {
        Command::Init(args) => commands::init::run(args, output).await,
        Command::Keygen(args) => commands::keygen::run(args, output).await,
        Command::MasterKey(args) => commands::master_key::run(args, output).await,
        Command::Setup(args) => commands::setup::run(args, output).await,
        Command::Verify(args) => commands::verify::run(args, output).await,
        Command::Doctor(args) => commands::doctor::run(args, output).await,
        Command::Plan(args) => commands::plan::run(args, output).await,
        Command::Sync(args) => commands::sync::run(args, output).await,
        Command::Prune(args) => commands::prune::run(args, output).await,
        Command::Schema(args) => commands::schema::run(args, output).await,
        Command::Export(args) => commands::export::run(args, output).await,
        Command::Status(args) => commands::status::run(args, output).await,
        Command::Runs(args) => commands::runs::run(args, output).await,
        Command::Events(args) => commands::events::run(args, output).await,
        Command::Pause(args) => commands::pause::pause(args, output).await,
        Command::Resume(args) => commands::pause::resume(args, output).await,
        Command::Audit(args) => commands::audit::run(args, output).await,
        Command::Backup(args) => commands::backup::run(args, output).await,
        Command::Tokens(args) => commands::tokens::run(args, output).await,
        Command::Config(args) => commands::config::run(args, output),
        Command::Completions(args) => commands::completions::run(args),
        Command::Man(args) => commands::man::run(args),
        Command::Sandbox(args) => commands::sandbox::run(args).await,
        Command::Demo(args) => demo::run(args, output).await,
    };
    if let Some(change) = change {
        change.record(result.is_ok()).await;
    }
    match result {
        Ok(code) => code,
        Err(failure) if failure.code == output::NOBODY_READS => ExitCode::from(failure.code),
        Err(failure) => report(&failure),
    }
}

fn report(failure: &Failure) -> ExitCode {
    eprintln!("error: {}", failure.message);
    if let Some(hint) = &failure.hint {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(failure.code)
}
