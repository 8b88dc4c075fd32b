//! `okta-insight prune`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use sync_daemon::{Connection, ServiceError};
use sync_engine::{PruneOptions, PruneOutcome, PrunePlan, PruneReport};
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

use super::backend::only_here;
use super::{open, stop_on_signal};
use crate::args::values::{any_duration, prune_limit};
use crate::args::{Common, Output};
use crate::failure::{ErrorCode, FOUND, Failure};
use crate::output::{Outcome, print_json, table};
use crate::words::units::{count, number};

#[derive(Debug, Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Minimum time since an object was retired, such as 90d
    #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = any_duration)]
    pub(crate) older_than: Duration,
    /// Maximum number of objects to delete
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = prune_limit, allow_negative_numbers = true)]
    pub(crate) limit: u32,
    /// Delete without a prompt
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Delete the objects even if they are more than 20% of their object type
    #[arg(long)]
    pub(crate) override_safeguards: bool,
}

#[derive(Serialize)]
struct Done {
    connection: ConnectionName,
    #[serde(flatten)]
    plan: PrunePlan,
    /// The outcome for each object; `None` before the confirmation.
    result: Option<PruneReport>,
}

pub(crate) async fn run(args: &Prune, output: Output) -> Outcome {
    only_here(&args.common, "prune")?;
    let opened = open(&args.common).await?.in_turn().await?;
    let stop = stop_on_signal();
    let options = PruneOptions {
        older_than: args.older_than,
        limit: args.limit,
        override_safeguards: args.override_safeguards,
        ..PruneOptions::default()
    };
    let mut done = Vec::new();
    let mut failure = None;
    for connection in &opened.connections {
        let plan = connection.prune_plan(&options).await?;
        if output == Output::Text {
            print_plan(connection.name(), &plan);
        }
        let result = prune(connection, &plan, args, &options, &opened.config.store, &stop).await;
        let result = result.unwrap_or_else(|error| {
            failure.get_or_insert(error);
            None
        });
        if let (Output::Text, Some(report)) = (output, &result) {
            print_report(report);
        }
        done.push(Done { connection: connection.name().clone(), plan, result });
        if failure.is_some() {
            break;
        }
    }
    opened.store.close().await;
    if output == Output::Json {
        print_json(&serde_json::json!({ "connections": done }))?;
    }
    failure.map_or_else(|| verdict(&done), Err)
}

/// Deletes the objects of the plan after confirmation; `None` without it.
async fn prune(
    connection: &Connection,
    plan: &PrunePlan,
    args: &Prune,
    options: &PruneOptions,
    store: &std::path::Path,
    stop: &CancellationToken,
) -> Result<Option<PruneReport>, Failure> {
    if plan.objects.is_empty() {
        return Ok(None);
    }
    let checked = connection.engine().check_prune(plan, options).await;
    checked.map_err(ServiceError::from)?;
    if !args.yes && !confirmed(plan.objects.len())? {
        return Ok(None);
    }
    let _claim = connection.claim(store).await?;
    Ok(Some(connection.prune(plan, options, stop).await?))
}

/// Prompts for the number of objects. Without a terminal, there is no confirmation.
fn confirmed(objects: usize) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        return Ok(false);
    }
    eprint!("Type {objects} to delete {} from Assets permanently: ", count(objects, "object"));
    std::io::stderr().flush()?;
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    Ok(line.trim() == objects.to_string())
}

fn verdict(done: &[Done]) -> Outcome {
    let unconfirmed: usize =
        done.iter().filter(|done| done.result.is_none()).map(|done| done.plan.objects.len()).sum();
    if unconfirmed > 0 {
        let objects = count(unconfirmed, "object");
        eprintln!("No objects were deleted. To delete {objects}, use --yes.");
        return Ok(ExitCode::from(FOUND));
    }
    let reports = || done.iter().filter_map(|done| done.result.as_ref());
    if let Some(reason) = reports().find_map(|report| report.stopped.clone()) {
        return Err(Failure::new(ErrorCode::PruneIncomplete, format!("prune stopped early: {reason}")));
    }
    let failed: u64 =
        reports().map(|report| report.count(|result| matches!(result, PruneOutcome::Failed(_)))).sum();
    if failed > 0 {
        return Err(Failure::new(
            ErrorCode::PruneIncomplete,
            format!("could not delete {}", count(failed, "object")),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn print_plan(connection: &ConnectionName, plan: &PrunePlan) {
    println!("Connection {connection}");
    if plan.objects.is_empty() {
        println!("  No objects to delete.");
        return;
    }
    let mut rows = table(["object type", "okta id", "assets keys", "retired"]);
    for candidate in &plan.objects {
        let in_assets = match candidate.in_assets.as_slice() {
            [] => "not found".to_owned(),
            keys => keys.join(", "),
        };
        let since = format!("{:.0}", candidate.object.retired_at);
        let key = &candidate.object.key;
        rows.add_row([key.kind.to_string(), key.id.clone(), in_assets, since]);
    }
    println!("{rows}");
    if plan.omitted > 0 {
        println!("  and {}; use `--limit` to delete more", count(plan.omitted, "more object"));
    }
}

fn print_report(report: &PruneReport) {
    let deleted = report.count(|result| *result == PruneOutcome::Deleted);
    let before = report.count(|result| *result == PruneOutcome::AlreadyDeleted);
    println!("  {} deleted, {} already deleted", count(deleted, "object"), number(before));
    for object in &report.objects {
        match &object.outcome {
            PruneOutcome::Exists => println!("  ! {}: exists in Okta; read again instead", object.key),
            PruneOutcome::Failed(reason) => println!("  ! {}: {reason}", object.key),
            PruneOutcome::Deleted | PruneOutcome::AlreadyDeleted => {}
        }
    }
}
