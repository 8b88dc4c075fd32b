//! `okta-insight runs`

use std::process::ExitCode;

use admin_api::ConnectionRun;
use clap::{Args as ClapArgs, ValueEnum};
use serde::Serialize;
use sync_daemon::ServiceError;
use sync_engine::{RecordCounts, RunDetail, RunFilter, RunKind, RunReport, RunState, RunSummary};
use sync_model::{ConnectionName, RunId};

use super::backend::roads;
use super::findings::print_findings;
use crate::args::values::{limit, run_id};
use crate::args::{Common, Output};
use crate::failure::Failure;
use crate::output::{Outcome, print_json, table};
use crate::words::findings::{finding, unconfirmed_reason};
use crate::words::labels::{attempts, run_kind, run_state};
use crate::words::remedies::remedy;
use crate::words::units::{count, number, span};

/// The width of the whole table. A narrower terminal shows the most important columns.
const WIDE: u16 = 90;

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    /// ID of a run to show in detail
    #[arg(value_name = "RUN_ID", value_parser = run_id, conflicts_with_all = ["limit", "kind", "state"])]
    id: Option<i64>,
    #[command(flatten)]
    common: Common,
    /// Maximum number of runs per connection
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = limit, allow_negative_numbers = true)]
    limit: u32,
    /// Show only runs of this kind
    #[arg(long, value_enum)]
    kind: Option<Kind>,
    /// Show only runs in this state
    #[arg(long, value_enum)]
    state: Option<State>,
}

/// A kind of runs. Plans are not listed.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    FullSync,
    TargetedSync,
    IncrementalSync,
    Backfill,
    EventSync,
    Retry,
    SelfTest,
}

impl From<Kind> for RunKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::FullSync => Self::FullSync,
            Kind::TargetedSync => Self::TargetedSync,
            Kind::IncrementalSync => Self::IncrementalSync,
            Kind::Backfill => Self::Backfill,
            Kind::EventSync => Self::EventSync,
            Kind::Retry => Self::Retry,
            Kind::SelfTest => Self::SelfTest,
        }
    }
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// All records are confirmed
    Succeeded,
    /// Some records are unconfirmed
    Partial,
    /// Stopped with an error
    Failed,
}

impl From<State> for RunState {
    fn from(state: State) -> Self {
        match state {
            State::Succeeded => Self::Succeeded,
            State::Partial => Self::Partial,
            State::Failed => Self::Failed,
        }
    }
}

#[derive(Serialize)]
struct History {
    connection: ConnectionName,
    runs: Vec<RunSummary>,
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let filter = RunFilter {
        kind: args.kind.map(RunKind::from),
        state: args.state.map(RunState::from),
        limit: args.limit,
        ..RunFilter::default()
    };
    if let Some(id) = args.id {
        let found = find(&args.common, RunId::new(id)).await?;
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
                    println!("  No matching runs.");
                }
                print_table(&history.runs);
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The run with this ID, of any connection.
async fn find(common: &Common, id: RunId) -> Result<ConnectionRun, Failure> {
    let roads = roads(common).await?;
    let mut found = None;
    for backend in roads.backends() {
        found = backend.run(id).await?;
        if found.is_some() {
            break;
        }
    }
    roads.close().await;
    found.ok_or_else(|| ServiceError::UnknownRun(id).into())
}

async fn list(common: &Common, filter: &RunFilter) -> Result<Vec<History>, Failure> {
    let roads = roads(common).await?;
    let mut found = Vec::new();
    for backend in roads.backends() {
        found.push(History { connection: backend.name().clone(), runs: backend.runs(filter).await? });
    }
    roads.close().await;
    Ok(found)
}

/// Runs as a table, with the errors of failed runs below.
pub(crate) fn print_table(runs: &[RunSummary]) {
    if runs.is_empty() {
        return;
    }
    let narrow = table([]).width().is_some_and(|width| width < WIDE);
    let mut rows = if narrow {
        table(["run", "kind", "started", "state", "sent"])
    } else {
        table(["run", "kind", "started", "state", "sent", "rejected", "duration", "mapping"])
    };
    for run in runs {
        let report = run.report.as_ref();
        let sum = |count: fn(&RecordCounts) -> u64| {
            report.map(|report| number(report.records.values().map(count).sum()))
        };
        let cells = [
            Some(run.id.to_string()),
            Some(run_kind(run.kind).to_owned()),
            Some(format!("{:.0}", run.started_at)),
            Some(run_state(run).to_owned()),
            sum(|counts| counts.sent),
            sum(|counts| counts.rejected),
            Some(duration(run)),
            report.and_then(|report| report.mapping_version.clone()),
        ];
        let shown = if narrow { 5 } else { cells.len() };
        rows.add_row(cells.into_iter().take(shown).map(Option::unwrap_or_default));
    }
    println!("{rows}");
    for run in runs {
        let report = run.report.as_ref();
        if let Some(failure) = report.and_then(|report| report.failure.as_ref()) {
            println!("  ! run {}: {}", run.id, finding(failure));
        }
        if let Some(fix) = report.and_then(RunReport::remedy) {
            println!("    hint: {}", remedy(fix));
        }
        for found in report.into_iter().flat_map(|report| report.value_problems.findings()) {
            println!("  ! run {}: {}", run.id, finding(&found));
        }
    }
}

fn duration(run: &RunSummary) -> String {
    run.report.as_ref().map(|report| span(report.duration_seconds)).unwrap_or_default()
}

fn print_one(found: &ConnectionRun) {
    let run = &found.run.summary;
    println!("Run {} of connection {}", run.id, found.connection);
    println!("  Kind            {}", run_kind(run.kind));
    println!("  State           {}", run_state(run));
    println!("  Started         {:.0}", run.started_at);
    if let Some(ended) = run.ended_at {
        println!("  Ended           {ended:.0}, after {}", duration(run));
    }
    if let Some(report) = &run.report {
        if report.resumed {
            println!("  Resumed         from the checkpoint of an interrupted process");
        }
        println!("  Mapping         {}", report.mapping_version.as_deref().unwrap_or("unknown"));
        println!("  Okta            {}", count(report.okta_requests, "request"));
        println!(
            "  Assets          {}, {}, {} cleared",
            count(report.executions, "execution"),
            count(report.chunks, "chunk"),
            count(report.cleared_values, "value")
        );
    }
    print_executions(&found.run);
    let Some(report) = &run.report else { return };
    if !report.records.is_empty() {
        let mut rows = table(["object type", "read", "sent", "created", "updated", "identical", "rejected"]);
        for (kind, n) in &report.records {
            let numbers = [n.read, n.sent, n.created, n.updated, n.identical, n.rejected].map(number);
            rows.add_row(std::iter::once(format!("{kind}s")).chain(numbers));
        }
        println!("{rows}");
    }
    report.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
    print_findings(2, &report.drift);
    print_findings(2, &report.data_findings());
    if let Some(failure) = &report.failure {
        println!("  Error           {}", finding(failure));
    }
    if let Some(fix) = report.remedy() {
        println!("  Hint            {}", remedy(fix));
    }
    print_unconfirmed(&found.run);
}

/// Prints the executions of a run.
fn print_executions(run: &RunDetail) {
    for execution in &run.executions {
        let end = match (execution.ended_at, execution.processed) {
            (None, _) => "outcome unknown".to_owned(),
            (Some(ended), true) => format!("processed {ended:.0}"),
            (Some(ended), false) => format!("not processed, ended {ended:.0}"),
        };
        println!("  Execution       {}", execution.id);
        println!("                  started {:.0}", execution.started_at);
        println!("                  {end}");
    }
}

/// Prints the first unconfirmed records of a run.
fn print_unconfirmed(run: &RunDetail) {
    if run.rejected_count == 0 {
        return;
    }
    println!("  Unconfirmed     {}", count(run.rejected_count, "record"));
    for record in &run.rejected_records {
        println!(
            "    {}: {}, next attempt {:.0}",
            record.key,
            attempts(record.attempts),
            record.next_attempt_at
        );
        println!("      {}", unconfirmed_reason(record.attempts, &record.reason));
    }
    let hidden = run.rejected_count.saturating_sub(run.rejected_records.len() as u64);
    if hidden > 0 {
        println!("    and {}", count(hidden, "more record"));
    }
}
