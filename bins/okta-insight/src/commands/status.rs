//! `okta-insight status`

use std::fmt::Display;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use admin_api::ConnectionStatus;
use clap::Args as ClapArgs;
use sync_engine::{Conditions, NextSyncs, SiteFact, UnconfirmedRecord};
use sync_model::ReferenceForm;

use super::backend::{ConnectionState, working_roads};
use super::{runs, stop_on_signal};
use crate::args::{Common, Output};
use crate::failure::Failure;
use crate::output::{Outcome, print_json, table};
use crate::words::findings::unconfirmed_reason;
use crate::words::units::{count, number, span};
use crate::words::{conditions, findings, labels, remedies, state};

/// The number of runs that are shown.
const RUNS: u32 = 5;
/// The time between two updates.
const INTERVAL: Duration = Duration::from_secs(2);

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// Update every two seconds until Ctrl-C. With `--output json`, print one document per line
    #[arg(long)]
    watch: bool,
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let common = &args.common;
    let result = if args.watch { watch(common, output).await } else { once(common, output).await };
    result.map(|()| ExitCode::SUCCESS)
}

async fn once(common: &Common, output: Output) -> Result<(), Failure> {
    let found = read(common, RUNS).await?;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": found })),
        Output::Text => {
            found.iter().for_each(print);
            Ok(())
        }
    }
}

async fn watch(common: &Common, output: Output) -> Result<(), Failure> {
    let stop = stop_on_signal();
    while !stop.is_cancelled() {
        let found = read(common, RUNS).await?;
        match output {
            Output::Json => println!("{}", serde_json::json!({ "connections": found })),
            Output::Text => {
                if std::io::stdout().is_terminal() {
                    // Clears the screen.
                    ::std::print!("\x1b[2J\x1b[H");
                }
                found.iter().for_each(print);
            }
        }
        std::io::stdout().flush()?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(INTERVAL) => {}
        }
    }
    Ok(())
}

/// The state of each connection with its last runs. A daemon may start or end between two reads.
pub(super) async fn read(common: &Common, runs: u32) -> Result<Vec<ConnectionState>, Failure> {
    let mut roads = working_roads(common).await?;
    let mut found = Vec::new();
    for backend in roads.backends() {
        found.push(backend.status(runs).await?);
    }
    found.extend(roads.unavailable.drain(..).map(ConnectionState::unavailable));
    roads.close().await;
    Ok(found)
}

fn print(state: &ConnectionState) {
    match state {
        ConnectionState::Available { status, daemon_running } => print_status(status, *daemon_running),
        ConnectionState::Unavailable { connection, unavailable } => {
            println!("Connection {connection}");
            line("Unavailable", findings::finding(unavailable.finding()));
            unavailable.finding().remedy.iter().for_each(|remedy| line("Hint", remedies::remedy(remedy)));
        }
    }
}

fn print_status(status: &ConnectionStatus, daemon_running: bool) {
    println!("Connection {}", status.connection);
    line("Health", conditions::health(status.health));
    print_findings(&status.conditions);
    line("Synced through", state::synced_through(status));
    if let Some(age) = status.freshness.oldest_pending_change_seconds {
        line("Unconfirmed", format_args!("oldest change {} ago", span(age)));
    }
    line("Pending", state::pending(status));
    line("Daemon", if daemon_running { "running" } else { "not running" });
    print_schedule(status);
    line("System Log", state::system_log(status));
    if let Some(last) = status.last_full_sync_at {
        line("Last full sync", format_args!("{last:.0}"));
    }
    if let Some(last) = status.last_incremental_sync_at {
        line("Last incremental sync", format_args!("{last:.0}"));
    }
    for (kind, objects) in &status.objects {
        let (current, retired) = (number(objects.current), number(objects.retired));
        line(&format!("{kind}s"), format_args!("{current} current, {retired} retired"));
    }
    if let Some(SiteFact { tested_at, import_source, .. }) = status.site_facts.first() {
        let form = SiteFact::proven_form(&status.site_facts, import_source);
        let form = form.map_or("no reference form proven", ReferenceForm::as_str);
        line("Self-test", format_args!("{form}, {tested_at:.0}"));
    }
    print_unconfirmed(&status.unconfirmed, status.event_queue.unconfirmed_records);
    runs::print_table(&status.runs);
}

/// Prints the findings of unmet conditions, each with its remedy. Pending changes have separate lines.
fn print_findings(conditions: &Conditions) {
    for (label, text) in finding_lines(conditions) {
        line(label, text);
    }
}

fn finding_lines(conditions: &Conditions) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    for (condition, finding) in conditions.problems() {
        let text = findings::finding(finding);
        let text = match condition.since {
            Some(since) => format!("{text} (since {since:.0})"),
            None => text,
        };
        lines.push((labels::severity(finding.severity), text));
        lines.extend(finding.remedy.as_ref().map(|remedy| ("Hint", remedies::remedy(remedy))));
    }
    lines
}

fn print_schedule(status: &ConnectionStatus) {
    if status.next_syncs == NextSyncs::default() {
        line("Schedule", "no scheduled syncs");
    }
    if let Some(full) = status.next_syncs.full_sync_at {
        line("Next full sync", format_args!("{full:.0}"));
    }
    if let Some(incremental) = status.next_syncs.incremental_sync_at {
        line("Next incremental sync", format_args!("{incremental:.0}"));
    }
}

/// Prints a labeled line.
fn line(label: &str, value: impl Display) {
    println!("  {label:<22} {value}");
}

pub(super) fn print_unconfirmed(listed: &[UnconfirmedRecord], all: u64) {
    if listed.is_empty() {
        return;
    }
    let mut rows = table(["unconfirmed", "name", "state", "attempts", "next attempt", "reason"]);
    for record in listed {
        rows.add_row([
            record.key.to_string(),
            record.name.clone().unwrap_or_default(),
            if record.rejected { "rejected" } else { "unconfirmed" }.to_owned(),
            number(record.attempts.into()),
            format!("{:.0}", record.next_attempt_at),
            unconfirmed_reason(record.attempts, &record.reason).to_owned(),
        ]);
    }
    println!("{rows}");
    let hidden = all.saturating_sub(listed.len() as u64);
    if hidden > 0 {
        println!("  and {}", count(hidden, "more record"));
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{ConditionStatus, Severity, Situation};

    use super::*;

    /// The lines state each problem, and only problems.
    #[test]
    fn lines_follow_conditions() {
        for situation in Situation::all() {
            let conditions = situation.evidence().conditions();
            let lines = finding_lines(&conditions);
            let unmet = conditions.unmet().filter(|condition| condition.status == ConditionStatus::False);
            for finding in unmet.flat_map(|condition| &condition.findings) {
                let text = findings::finding(finding);
                let is_stated = lines.iter().any(|(_, line)| line.starts_with(&text));
                assert!(is_stated || finding.severity == Severity::Info, "{}: {text}", situation.name);
            }
            let is_weighty = conditions.unmet().any(|condition| condition.severity > Some(Severity::Info));
            assert!(is_weighty || lines.iter().all(|(label, _)| *label != "Error"), "{}", situation.name);
        }
    }
}
