//! The command line: parses arguments, calls one function, and prints.

// First: all modules print with its macros.
#[macro_use]
mod output;

mod args;
mod commands;
mod demo;
mod failure;
mod progress;
mod words;

use std::io::IsTerminal;
use std::process::ExitCode;

use clap::CommandFactory;
use plain_text::VisibleLines;
use tracing_subscriber::EnvFilter;

use args::{Arguments, Command};
use commands::audit_entry::Audit;
use commands::change::change;
use failure::{Failure, OUTPUT_CLOSED};

#[tokio::main]
async fn main() -> ExitCode {
    output::exit_when_output_closes();
    let arguments = args::parse();
    let filter = match log_filter() {
        Ok(filter) => filter,
        Err(failure) => return output::report(&failure, arguments.output).into(),
    };
    let colors = std::io::stderr().is_terminal();
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(colors)
        .with_writer(move || VisibleLines::new(std::io::stderr(), colors))
        .init();
    let output = arguments.output;
    let mut audit = Audit::begin(change(&arguments.command)).await;
    let result = match &arguments.command {
        Command::Init(args) => commands::init::run(args, output).await,
        Command::Keygen(args) => commands::keygen::run(args, output).await,
        Command::MasterKey(args) => commands::master_key::run(args, output).await,
        Command::Setup(args) => commands::setup::run(args, &mut audit, output).await,
        Command::Verify(args) => commands::verify::run(args, output).await,
        Command::Selftest(args) => commands::selftest::run(args, &mut audit, output).await,
        Command::Doctor(args) => commands::doctor::run(args, output).await,
        Command::Plan(args) => commands::plan::run(args, output).await,
        Command::Sync(args) => commands::sync::run(args, &mut audit, output).await,
        Command::Prune(args) => commands::prune::run(args, output).await,
        Command::Schema(args) => commands::schema::run(args, output).await,
        Command::Export(args) => commands::export::run(args, output).await,
        Command::Status(args) => commands::status::run(args, output).await,
        Command::Runs(args) => commands::runs::run(args, output).await,
        Command::Events(args) => commands::events::run(args, &mut audit, output).await,
        Command::Pause(args) => commands::pause::pause(args, &mut audit, output).await,
        Command::Resume(args) => commands::pause::resume(args, &mut audit, output).await,
        Command::Audit(args) => commands::audit::run(args, output).await,
        Command::Backup(args) => commands::backup::run(args, output).await,
        Command::SupportBundle(common) => commands::support_bundle::run(common).await,
        Command::Tokens(args) => commands::tokens::run(args, output).await,
        Command::Config(args) => commands::config::run(args, output),
        Command::Completions(args) => commands::completions::run(args, Arguments::command()),
        Command::Man(args) => commands::man::run(args, Arguments::command()),
        Command::Sandbox(args) => commands::sandbox::run(args).await,
        Command::Demo(args) => demo::run(args, output).await,
    };
    audit.record(result.is_ok()).await;
    match result {
        Ok(code) => code,
        Err(failure) if failure.exit == OUTPUT_CLOSED => ExitCode::from(failure.exit),
        Err(failure) => output::report(&failure, output).into(),
    }
}

/// The variable that sets the filter of log lines.
const LOG: &str = "OKTA_INSIGHT_LOG";

fn log_filter() -> Result<EnvFilter, Failure> {
    match std::env::var(LOG) {
        Ok(text) if !text.trim().is_empty() => EnvFilter::builder().parse(&text).map_err(|error| {
            Failure::usage(format!("invalid log filter `{text}` in {LOG}: {error}")).with_hint(format!(
                "set {LOG} to a level, such as debug, or to targets with levels, such as okta_client=debug"
            ))
        }),
        _ => Ok(EnvFilter::new("error,audit=info")),
    }
}
