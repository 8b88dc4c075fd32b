//! `okta-insight audit`

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde_json::json;
use sync_daemon::ServiceError;
use sync_store::Store;

use crate::args::values::limit;
use crate::args::{ConfigFile, Output};
use crate::output::{Outcome, print_json, table};

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    file: ConfigFile,
    /// Maximum number of entries, newest first
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = limit, allow_negative_numbers = true)]
    limit: u32,
    /// Print all entries as JSON, one per line, newest first
    #[arg(long, conflicts_with = "limit")]
    lines: bool,
}

/// Entries that are read at once.
const PAGE: u32 = 500;

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let config = args.file.load()?;
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let result = show(args, &store, output).await;
    store.close().await;
    result
}

async fn show(args: &Args, store: &Store, output: Output) -> Outcome {
    let log = store.audit();
    if args.lines {
        let mut before = None;
        loop {
            let page = log.entries(before, PAGE).await.map_err(ServiceError::from)?;
            let Some(last) = page.last() else { return Ok(ExitCode::SUCCESS) };
            before = Some(last.id);
            for entry in &page {
                println!("{}", serde_json::to_string(entry).unwrap_or_default());
            }
        }
    }
    let entries = log.entries(None, args.limit).await.map_err(ServiceError::from)?;
    if output == Output::Json {
        print_json(&json!({ "entries": entries }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if entries.is_empty() {
        println!("No entries yet. Changes in the console, the API, and the command line are recorded here.");
        return Ok(ExitCode::SUCCESS);
    }
    let mut rows = table(["time", "actor", "origin", "action", "connection", "subject", "outcome"]);
    for entry in &entries {
        let text = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        rows.add_row([
            format!("{:.0}", entry.occurred_at),
            entry.actor.clone(),
            entry.origin.clone().unwrap_or_else(|| entry.via.clone()),
            entry.action.clone(),
            text(&entry.connection),
            text(&entry.subject),
            (if entry.succeeded { "succeeded" } else { "failed" }).to_owned(),
        ]);
    }
    println!("{rows}");
    Ok(ExitCode::SUCCESS)
}
