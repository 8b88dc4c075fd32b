//! `okta-insight config`

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use sync_service::{Config, ConfigError, Connection, EXAMPLE, Given, InForce, Origin, json_schema};

use crate::args::{Common, Output};
use crate::output::{Failure, Outcome, print_json, table};

/// What `okta-insight config` takes.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Read the configuration as every command does, and say what was given and what is in force. Asks nobody.
    Check(Common),
    /// Print the JSON Schema of the configuration.
    Schema,
    /// Print a configuration with every key, and what holds when it is not given.
    Example,
}

pub(crate) fn run(args: &Settings, output: Output) -> Outcome {
    match &args.command {
        Command::Check(common) => return check(common, output),
        Command::Schema => print_json(&json_schema())?,
        Command::Example => std::io::stdout().write_all(EXAMPLE.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(common: &Common, output: Output) -> Outcome {
    let config = Config::load(&common.config)?;
    let chosen = config.chosen(common.connection.as_deref())?;
    for connection in &chosen {
        Connection::check(connection)?;
    }
    let read = |source| ConfigError::Read { path: common.config.clone(), source };
    let text = std::fs::read_to_string(&common.config).map_err(read)?;
    let given = Config::given(&text, std::env::vars()).map_err(|e| Failure::new(e.to_string()))?;
    let in_force: Vec<InForce> = chosen.into_iter().map(InForce::of).collect();
    match output {
        Output::Json => print_json(&serde_json::json!({
            "file": common.config,
            "store": config.store,
            "listen": config.listen,
            "metrics": config.metrics,
            "given": given,
            "connections": in_force,
        }))?,
        Output::Text => {
            print_given(&given);
            println!("\nState store {}", config.store.display());
            println!("Hook receiver at {}", config.listen);
            match config.metrics {
                Some(address) => println!("Metrics and health at {address}"),
                None => println!("Metrics and health nowhere"),
            }
            in_force.iter().for_each(print_in_force);
            println!("\nEverything else is as in `okta-insight config example`.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print_given(given: &[Given]) {
    let mut rows = table(["key", "value", "from"]);
    for Given { key, value, origin } in given {
        let from = match origin {
            Origin::File => "file",
            Origin::Environment => "environment",
        };
        rows.add_row([key, value, from]);
    }
    println!("{}", rows.trim_fmt());
}

fn print_in_force(connection: &InForce) {
    let yes = |has: bool| if has { "yes" } else { "none" };
    println!("\nConnection {}", connection.connection);
    println!("  Okta org         {}", connection.org_url);
    println!("  Event hook       {}", connection.hook_url.as_deref().unwrap_or("none"));
    println!(
        "  Events           {}",
        match connection.events {
            sync_service::EventSource::Hook => "from the hook alone",
            sync_service::EventSource::Log => "from the System Log alone",
            sync_service::EventSource::Both => "from the hook and the System Log",
        }
    );
    println!("  Synchronised     {}", if connection.everything { "everybody" } else { "who is chosen" });
    println!("  Everything       {}", connection.full);
    println!("  What changed     {}", connection.delta);
    println!("  Account          {}", yes(connection.has_account));
    println!("  Alerts           {}", yes(connection.has_alerts));
}
