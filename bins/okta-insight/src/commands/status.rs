//! `okta-insight status`

use std::process::ExitCode;

use sync_service::engine::{RunSummary, Unconfirmed};
use sync_service::{ConnectionStatus, EventSource};

use super::{open, pause};
use crate::args::{Common, Output};
use crate::output::{Outcome, count, print_json, table};

/// How many runs are shown.
const RUNS: u32 = 5;

pub(crate) async fn run(common: &Common, output: Output) -> Outcome {
    let opened = open(common).await?;
    let mut found = Vec::new();
    for connection in &opened.connections {
        found.push(connection.status(RUNS).await?);
    }
    opened.store.close().await;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": found }))?,
        Output::Text => found.iter().for_each(print),
    }
    Ok(ExitCode::SUCCESS)
}

fn print(status: &ConnectionStatus) {
    let inbox = &status.inbox;
    println!("Connection {}", status.connection);
    println!("  Freshness       {}", freshness(status));
    let waiting = match inbox.oldest {
        Some(oldest) => format!("{}, the oldest of {oldest:.0}", count(inbox.pending, "event")),
        None => "nothing".to_owned(),
    };
    println!("  Waiting         {waiting}");
    println!("  Failed          {}", failed(status));
    if status.paused.is_some() {
        println!("  Pause           {}", pause::line(status.paused));
    }
    println!("  System Log      {}", log(status));
    if let Some(last) = status.last_full_sync {
        println!("  Last full sync  {last:.0}");
    }
    if let Some(last) = status.last_delta_sync {
        println!("  Last delta sync {last:.0}");
    }
    for (kind, census) in &status.objects {
        println!("  {:<15} {} live, {} marked as deleted", format!("{kind}s"), census.live, census.gone);
    }
    if status.uncleared.values > 0 {
        let held = count(status.uncleared.values, "value");
        println!("  Not cleared     {held} gone in Okta and still in Assets");
    }
    print_unconfirmed(&status.unconfirmed, inbox.unconfirmed);
    print_runs(&status.runs);
}

fn freshness(status: &ConnectionStatus) -> String {
    match (status.freshness.known_until, status.freshness.age_seconds) {
        (Some(known), Some(age)) => format!("Assets is as Okta was at {known:.0}, {} ago", span(age)),
        _ => "never synchronised; run `okta-insight sync`".to_owned(),
    }
}

fn failed(status: &ConnectionStatus) -> String {
    let inbox = &status.inbox;
    let mut parts = Vec::new();
    if inbox.dead > 0 {
        parts.push(format!("{} given up", count(inbox.dead, "event")));
    }
    if inbox.unconfirmed > 0 {
        parts.push(format!(
            "{} not taken by Assets, {} of them often",
            count(inbox.unconfirmed, "record"),
            inbox.failed
        ));
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

fn log(status: &ConnectionStatus) -> String {
    match (status.events, status.log.and_then(|log| log.caught_up)) {
        (EventSource::Hook, _) => "not read: events come from the hook alone".to_owned(),
        (_, Some(read)) => format!("read to its end at {read:.0}"),
        (_, None) => "not read to its end yet".to_owned(),
    }
}

/// `40 s`, `12 min`, `3 h`, `2 days`.
fn span(seconds: f64) -> String {
    let (n, unit) = match seconds {
        s if s < 120.0 => (s, "s"),
        s if s < 7_200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3_600.0, "h"),
        s => (s / 86_400.0, "days"),
    };
    format!("{n:.0} {unit}")
}

fn print_unconfirmed(listed: &[Unconfirmed], all: u64) {
    if listed.is_empty() {
        return;
    }
    let mut rows = table(["not taken", "sent", "again at", "reason"]);
    for record in listed {
        rows.add_row([
            record.key.to_string(),
            format!("{}×", record.attempts),
            format!("{:.0}", record.due),
            record.reason.clone(),
        ]);
    }
    println!("{rows}");
    let hidden = all.saturating_sub(listed.len() as u64);
    if hidden > 0 {
        println!("  and {}", count(hidden, "more record"));
    }
}

fn print_runs(runs: &[RunSummary]) {
    if runs.is_empty() {
        return;
    }
    let mut rows = table(["run", "kind", "started", "result", "sent", "seconds"]);
    for run in runs {
        let (result, sent, seconds) = match &run.report {
            Some(report) => (
                format!("{:?}", report.result).to_lowercase(),
                report.records.values().map(|c| c.sent).sum::<u64>().to_string(),
                format!("{:.1}", report.seconds),
            ),
            None => ("running, or cut off".to_owned(), String::new(), String::new()),
        };
        rows.add_row([
            run.id.to_string(),
            run.kind.as_str().to_owned(),
            format!("{:.0}", run.started),
            result,
            sent,
            seconds,
        ]);
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
    }
}
