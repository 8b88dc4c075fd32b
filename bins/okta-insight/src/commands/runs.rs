//! `okta-insight runs`

use std::process::ExitCode;

use clap::Args as ClapArgs;
use serde::Serialize;
use sync_service::engine::{RecordCounts, RunFilter, RunKind, RunState, RunSummary};
use sync_service::model::{ConnectionName, RunId};
use sync_service::{ConnectionRun, ServiceError, find_run};

use super::open;
use super::remote::{Remote, remote};
use crate::args::{Common, Output};
use crate::output::{Failure, Outcome, count, print_json, span, table};

/// A terminal that is narrower gets the columns that matter most; the others are told of one run.
const WIDE: u16 = 90;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// Show this run in detail.
    #[arg(value_name = "ID", conflicts_with_all = ["limit", "kind", "failed"])]
    id: Option<i64>,
    #[command(flatten)]
    common: Common,
    /// At most so many of each connection.
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// Only runs of this kind: full, some, delta, users, events or retry.
    #[arg(long, value_parser = kind)]
    kind: Option<RunKind>,
    /// Only runs that failed, or whose records Assets did not all take.
    #[arg(long)]
    failed: bool,
}

fn kind(word: &str) -> Result<RunKind, String> {
    let known = || RunKind::ALL.into_iter().filter(|kind| *kind != RunKind::Plan);
    known().find(|kind| kind.as_str() == word).ok_or_else(|| {
        let words: Vec<&str> = known().map(RunKind::as_str).collect();
        format!("there are {}", words.join(", "))
    })
}

#[derive(Serialize)]
struct History {
    connection: ConnectionName,
    runs: Vec<RunSummary>,
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let filter = RunFilter { kind: args.kind, failed: args.failed, limit: args.limit };
    if let Some(id) = args.id {
        let found = find(args, RunId::new(id)).await?;
        match output {
            Output::Json => print_json(&found)?,
            Output::Text => print_one(&found),
        }
        return Ok(ExitCode::SUCCESS);
    }
    let found = list(&args.common, &filter).await?;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": found }))?,
        Output::Text => {
            for history in &found {
                println!("Connection {}", history.connection);
                if history.runs.is_empty() {
                    println!("  No such run is remembered.");
                }
                print_table(&history.runs);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The run of that number, whichever connection's it is.
async fn find(args: &Args, id: RunId) -> Result<ConnectionRun, Failure> {
    if let Some(Remote { client, names }) = remote(&args.common).await? {
        for name in &names {
            if let Some(run) = client.run(name, id).await? {
                return Ok(run);
            }
        }
        return Err(ServiceError::UnknownRun(id).into());
    }
    let opened = open(&args.common).await?;
    let found = find_run(&opened.connections, id).await;
    opened.store.close().await;
    Ok(found?)
}

async fn list(common: &Common, filter: &RunFilter) -> Result<Vec<History>, Failure> {
    let mut found = Vec::new();
    if let Some(Remote { client, names }) = remote(common).await? {
        for connection in names {
            let runs = client.runs(&connection, filter).await?;
            found.push(History { connection, runs });
        }
        return Ok(found);
    }
    let opened = open(common).await?;
    for connection in &opened.connections {
        let runs = connection.runs(filter).await?;
        found.push(History { connection: connection.name().clone(), runs });
    }
    opened.store.close().await;
    Ok(found)
}

/// Runs as lines of a table, with what the failed ones failed of below.
pub(crate) fn print_table(runs: &[RunSummary]) {
    if runs.is_empty() {
        return;
    }
    let narrow = table([]).width().is_some_and(|width| width < WIDE);
    let mut rows = if narrow {
        table(["run", "kind", "started", "result", "sent"])
    } else {
        table(["run", "kind", "started", "result", "sent", "refused", "took", "mapping"])
    };
    for run in runs {
        let report = run.report.as_ref();
        let sum = |count: fn(&RecordCounts) -> u64| {
            report.map(|report| report.records.values().map(count).sum::<u64>().to_string())
        };
        let cells = [
            Some(run.id.to_string()),
            Some(run.kind.as_str().to_owned()),
            Some(format!("{:.0}", run.started_at)),
            Some(result(run).to_owned()),
            sum(|counts| counts.sent),
            sum(|counts| counts.rejected),
            Some(took(run)),
            report.and_then(|report| report.mapping_version.clone()),
        ];
        let shown = if narrow { 5 } else { cells.len() };
        rows.add_row(cells.into_iter().take(shown).map(Option::unwrap_or_default));
    }
    println!("{rows}");
    for run in runs {
        let report = run.report.as_ref();
        if let Some(error) = report.and_then(|report| report.error.as_ref()) {
            println!("  ! run {}: {error}", run.id);
        }
        if let Some(hint) = report.and_then(|report| report.hint.as_ref()) {
            println!("    hint: {hint}");
        }
        for line in report.map(|report| report.value_problems.lines()).unwrap_or_default() {
            println!("  ! run {}: {line}", run.id);
        }
    }
}

fn took(run: &RunSummary) -> String {
    run.report.as_ref().map(|report| span(report.duration_seconds)).unwrap_or_default()
}

fn result(run: &RunSummary) -> &'static str {
    match run.report.as_ref().map(|report| report.state) {
        Some(RunState::Succeeded) => "done",
        Some(RunState::Partial) => "incomplete",
        Some(RunState::Failed) => "failed",
        None => "running, or cut off",
    }
}

fn print_one(found: &ConnectionRun) {
    let run = &found.run.summary;
    println!("Run {} of connection {}", run.id, found.connection);
    println!("  Kind            {}", run.kind.as_str());
    println!("  Result          {}", result(run));
    println!("  Started         {:.0}", run.started_at);
    if let Some(ended) = run.ended_at {
        println!("  Ended           {ended:.0}, after {}", took(run));
    }
    if let Some(report) = &run.report {
        if report.resumed {
            println!("  Resumed         went on where an earlier process was cut off");
        }
        println!(
            "  Mapping         {}",
            report.mapping_version.as_deref().unwrap_or("not known when it ended")
        );
        println!("  Okta            {}", count(report.okta_requests, "request"));
        println!(
            "  Assets          {}, {}, {} cleared",
            count(report.executions, "execution"),
            count(report.chunks, "chunk"),
            count(report.cleared_values, "value")
        );
    }
    for execution in &found.run.executions {
        let end = match (execution.ended_at, execution.processed) {
            (None, _) => "its end is not known".to_owned(),
            (Some(ended), true) => format!("processed by {ended:.0}"),
            (Some(ended), false) => format!("came to nothing {ended:.0}"),
        };
        println!("  Execution       {}", execution.id);
        println!("                  started {:.0}", execution.started_at);
        println!("                  {end}");
    }
    let Some(report) = &run.report else { return };
    if !report.records.is_empty() {
        let mut rows = table(["kind", "read", "sent", "created", "updated", "identical", "rejected"]);
        for (kind, n) in &report.records {
            let numbers =
                [n.read, n.sent, n.created, n.updated, n.identical, n.rejected].map(|n| n.to_string());
            rows.add_row(std::iter::once(kind.to_string()).chain(numbers));
        }
        println!("{rows}");
    }
    report.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
    report.messages.iter().for_each(|message| println!("  ! {message}"));
    if let Some(error) = &report.error {
        println!("  Error           {error}");
    }
    if let Some(hint) = &report.hint {
        println!("  Hint            {hint}");
    }
    if found.run.rejected_count > 0 {
        println!("  Not taken by Assets to this day: {}", count(found.run.rejected_count, "record"));
        for record in &found.run.rejected_records {
            println!("    {}, sent {}×, again at {:.0}", record.key, record.attempts, record.next_attempt_at);
            println!("      {}", record.reason);
        }
        let hidden = found.run.rejected_count.saturating_sub(found.run.rejected_records.len() as u64);
        if hidden > 0 {
            println!("    and {}", count(hidden, "more record"));
        }
    }
}
