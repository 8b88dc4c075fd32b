//! `okta-insight config`

use std::io::{ErrorKind, Write};
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use sync_config::{
    Config, ConfigError, ConfigValue, EXAMPLE, EffectiveConfig, ExposedFile, ValueOrigin, exposed_files,
    json_schema, read_small_text,
};

use crate::args::{Local, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json, table};
use crate::words::remedies::remedy;

/// The arguments of `okta-insight config`.
#[derive(Debug, Args)]
pub(crate) struct Settings {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check the configuration and print the set keys and effective settings, without requests
    Check(Local),
    /// Print the JSON Schema of the configuration
    Schema,
    /// Print a configuration with all keys and their defaults
    Example,
}

pub(crate) fn run(args: &Settings, output: Output) -> Outcome {
    match &args.command {
        Command::Check(local) => return check(local, output),
        Command::Schema => print_json(&json_schema())?,
        Command::Example => std::io::stdout().write_all(EXAMPLE.as_bytes())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(local: &Local, output: Output) -> Outcome {
    let checked = Checked::read(local)?;
    match output {
        Output::Json => print_json(&checked.document(local))?,
        Output::Text => {
            print_given(&checked.given);
            print_warnings(&checked.config, &checked.exposed);
            print_servers(&checked.config);
            checked.in_force.iter().for_each(print_in_force);
            if checked.in_force.is_empty() {
                println!(
                    "\nNo connection in the configuration. Run `okta-insight status` for those in the console."
                );
            }
            println!("\nAll other keys have the defaults in `okta-insight config example`.");
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// A valid configuration, as it is shown: without secrets.
pub(crate) struct Checked {
    config: Config,
    given: Vec<ConfigValue>,
    in_force: Vec<EffectiveConfig>,
    exposed: Vec<ExposedFile>,
}

impl Checked {
    /// Reads and checks the configuration.
    pub(crate) fn read(local: &Local) -> Result<Self, Failure> {
        let path = local.file.path();
        let config = match local.file.load() {
            Err(error @ ConfigError::Read { .. }) => return Err(error.into()),
            // Finds more faults than loading.
            loaded => Config::check_file(path).and(loaded)?,
        };
        let name = local.connection.as_deref();
        // Like the daemon, the command needs no connection in the file.
        let elsewhere = name.is_none() && config.connections.is_empty();
        let chosen = if elsewhere { Vec::new() } else { config.chosen(name)? };
        let text = match read_small_text(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| ConfigError::Read { path: path.to_owned(), source })?,
        };
        let given = Config::given(&text, std::env::vars())
            .map_err(|e| Failure::new(ErrorCode::InvalidConfiguration, e.to_string()))?;
        let in_force = chosen.into_iter().map(EffectiveConfig::of).collect();
        Ok(Self { given, in_force, exposed: exposed_files(path), config })
    }

    /// The configuration as a document.
    pub(crate) fn document(&self, local: &Local) -> Value {
        let Self { config, given, in_force, exposed } = self;
        let unsupported = config.unsupported_variables.iter();
        let unsupported: Vec<Value> =
            unsupported.map(|it| json!({ "name": it.name, "reason": it.reason })).collect();
        json!({
            "file": local.file.path(),
            "store": config.store,
            "listen": config.listen,
            "metrics_listen": config.metrics_listen,
            "console_listen": config.console.as_ref().map(|console| console.listen),
            "settings": given,
            "exposed_files": exposed,
            "unsupported_variables": unsupported,
            "connections": in_force,
        })
    }
}

fn print_warnings(config: &Config, exposed: &[ExposedFile]) {
    for variable in &config.unsupported_variables {
        println!("\nwarning: {} has no effect: {}", variable.name, variable.reason);
    }
    for file in exposed {
        println!("\nwarning: {file}\nhint: {}", remedy(&file.remedy()));
    }
}

fn print_servers(config: &Config) {
    println!("\nState store {}", config.store.display());
    println!("Event hook receiver at {}", config.listen);
    match config.metrics_listen {
        Some(address) => println!("Metrics and health at {address}"),
        None => println!("Metrics and health off"),
    }
    match &config.console {
        Some(console) => println!("Console and admin API at {}", console.listen),
        None => println!("Console and admin API off"),
    }
}

fn print_given(given: &[ConfigValue]) {
    let mut rows = table(["key", "value", "from"]);
    for ConfigValue { key, value, origin } in given {
        let from = match origin {
            ValueOrigin::File => "file",
            ValueOrigin::Environment => "environment",
        };
        rows.add_row([key, value, from]);
    }
    println!("{}", rows.trim_fmt());
}

fn print_in_force(connection: &EffectiveConfig) {
    let yes = |has: bool| if has { "yes" } else { "none" };
    println!("\nConnection {}", connection.connection);
    println!("  Okta org            {}", connection.org_url);
    println!("  Event hook          {}", connection.event_hook_url.as_deref().unwrap_or("none"));
    println!(
        "  Event source        {}",
        match connection.event_source {
            sync_config::EventSource::EventHook => "event hook",
            sync_config::EventSource::SystemLog => "System Log",
            sync_config::EventSource::Both => "event hook and System Log",
        }
    );
    let scope =
        if connection.syncs_everything { "all users and groups" } else { "selected users and groups" };
    println!("  Scope               {scope}");
    println!("  Full sync           {}", connection.full_sync);
    println!("  Incremental sync    {}", connection.incremental_sync);
    println!("  Atlassian account   {}", yes(connection.has_account));
    println!("  Alerts              {}", yes(connection.has_alerts));
}
