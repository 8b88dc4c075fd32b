//! `okta-insight status`

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use clap::Args as ClapArgs;
use serde::Serialize;
use sync_service::engine::{NextSyncs, UnconfirmedRecord};
use sync_service::model::ConnectionName;
use sync_service::wire::ConnectionView;
use sync_service::{AlertEntry, ConnectionStatus, EventSource, Unavailable};

use super::remote::{Remote, remote};
use super::{Opened, open_working, pause, runs, stop_on_signal};
use crate::args::{Common, Output};
use crate::output::{Failure, Outcome, count, print_json, span, table};

/// How many runs are shown.
const RUNS: u32 = 5;
/// How often it is shown again.
const AGAIN: Duration = Duration::from_secs(2);

#[derive(Debug, ClapArgs)]
pub(crate) struct Args {
    #[command(flatten)]
    common: Common,
    /// Show it again every two seconds, until Ctrl-C. With `--output json`, one document on each line.
    #[arg(long)]
    watch: bool,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Shown {
    Works {
        #[serde(flatten)]
        status: Box<ConnectionStatus>,
        /// Whether a process works on the connection: the daemon, or a command that sends.
        daemon_running: bool,
    },
    Unavailable {
        connection: ConnectionName,
        unavailable: Unavailable,
    },
}

/// Who is asked.
enum Asked {
    Here(Box<Opened>, Vec<(ConnectionName, Unavailable)>),
    Elsewhere(Remote),
}

pub(crate) async fn run(args: &Args, output: Output) -> Outcome {
    let asked = if let Some(remote) = remote(&args.common).await? {
        Asked::Elsewhere(remote)
    } else {
        let (opened, broken) = open_working(&args.common, None).await?;
        Asked::Here(Box::new(opened), broken)
    };
    let result = if args.watch { watch(&asked, output).await } else { once(&asked, output).await };
    if let Asked::Here(opened, _) = asked {
        opened.store.close().await;
    }
    result.map(|()| ExitCode::SUCCESS)
}

async fn once(asked: &Asked, output: Output) -> Result<(), Failure> {
    let found = asked.look().await?;
    match output {
        Output::Json => print_json(&serde_json::json!({ "connections": found })),
        Output::Text => {
            found.iter().for_each(print);
            Ok(())
        }
    }
}

async fn watch(asked: &Asked, output: Output) -> Result<(), Failure> {
    let stop = stop_on_signal();
    while !stop.is_cancelled() {
        let found = asked.look().await?;
        match output {
            Output::Json => println!("{}", serde_json::json!({ "connections": found })),
            Output::Text => {
                if std::io::stdout().is_terminal() {
                    // Clears the screen, and begins at its top.
                    ::std::print!("\x1b[2J\x1b[H");
                }
                found.iter().for_each(print);
            }
        }
        std::io::stdout().flush()?;
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(AGAIN) => {}
        }
    }
    Ok(())
}

impl Asked {
    async fn look(&self) -> Result<Vec<Shown>, Failure> {
        let mut found = Vec::new();
        match self {
            Self::Here(opened, broken) => {
                for connection in &opened.connections {
                    let daemon_running = connection.is_attended(&opened.config.store)?;
                    found.push(Shown::Works {
                        status: Box::new(connection.status(RUNS).await?),
                        daemon_running,
                    });
                }
                for (connection, broken) in broken.clone() {
                    found.push(Shown::Unavailable { connection, unavailable: broken });
                }
            }
            Self::Elsewhere(Remote { client, names }) => {
                for name in names {
                    found.push(shown(client.connection(name).await?)?);
                }
            }
        }
        Ok(found)
    }
}

/// The daemon that answers works on its connections.
fn shown(view: ConnectionView) -> Result<Shown, Failure> {
    match (view.status, view.unavailable) {
        (Some(status), _) => Ok(Shown::Works { status: Box::new(status), daemon_running: true }),
        (None, Some(unavailable)) => Ok(Shown::Unavailable { connection: view.name, unavailable }),
        (None, None) => Err(Failure::new(format!("the daemon tells nothing of connection {}", view.name))),
    }
}

fn print(shown: &Shown) {
    match shown {
        Shown::Works { status, daemon_running } => print_status(status, *daemon_running),
        Shown::Unavailable { connection, unavailable } => {
            println!("Connection {connection}");
            println!("  Cannot work     {}", unavailable.reason);
            unavailable.hint.iter().for_each(|hint| println!("  Hint            {hint}"));
        }
    }
}

fn print_status(status: &ConnectionStatus, daemon_running: bool) {
    let inbox = &status.event_queue;
    println!("Connection {}", status.connection);
    println!("  {}", freshness(status));
    for (service, seconds) in status.clock_skew.too_far() {
        let way = if seconds < 0 { "ahead of" } else { "behind" };
        println!("  Clock           {} s {way} that of {service}; set it with NTP", seconds.unsigned_abs());
    }
    let is_stuck = status.alerts.iter().any(AlertEntry::halts);
    if let Some(known) = status.freshness.synced_through.filter(|_| is_stuck) {
        println!("  Known until     {known:.0}");
    }
    for trouble in &status.alerts {
        println!("  Trouble         {} (since {:.0})", trouble.message, trouble.started_at);
        trouble.hint.iter().for_each(|hint| println!("  Hint            {hint}"));
    }
    for unknown in &status.unknown_choices {
        println!("  Selection       {unknown}");
    }
    if let Some(until) = status.held_until {
        println!("  Rate limit      requests wait until {until:.0}");
    }
    if let Some(age) = status.freshness.oldest_pending_change_seconds {
        println!("  Not confirmed   the oldest change is {} old", span(age));
    }
    let waiting = match inbox.oldest_pending_at {
        Some(oldest) => format!("{}, the oldest {oldest:.0}", count(inbox.unfinished(), "event")),
        None => "nothing".to_owned(),
    };
    println!("  Waiting         {waiting}");
    println!("  Failed          {}", failed(status));
    if status.pause.is_some() {
        println!("  Pause           {}", pause::line(status.pause));
    }
    println!("  Process         {}", if daemon_running { "at work" } else { "none; start `okta-insightd`" });
    print_schedule(status);
    println!("  System Log      {}", log(status));
    if let Some(last) = status.last_full_sync_at {
        println!("  Last full sync  {last:.0}");
    }
    if let Some(last) = status.last_incremental_sync_at {
        println!("  Last delta sync {last:.0}");
    }
    for (kind, census) in &status.objects {
        println!("  {:<15} {} live, {} marked as gone", format!("{kind}s"), census.current, census.retired);
    }
    if status.stale_values.values > 0 {
        let held = count(status.stale_values.values, "value");
        println!("  Not cleared     {held} gone in Okta and still in Assets");
    }
    print_unconfirmed(&status.unconfirmed, inbox.unconfirmed_records);
    runs::print_table(&status.runs);
}

fn print_schedule(status: &ConnectionStatus) {
    if status.next_syncs == NextSyncs::default() {
        println!("  Schedule        no pass by itself");
    }
    if let Some(full) = status.next_syncs.full_sync_at {
        println!("  Next full pass  {full:.0}");
    }
    if let Some(delta) = status.next_syncs.incremental_sync_at {
        println!("  Next delta pass {delta:.0}");
    }
}

fn freshness(status: &ConnectionStatus) -> String {
    if let Some(trouble) = status.alerts.iter().find(|trouble| trouble.halts()) {
        return format!("Stuck: {}", trouble.message);
    }
    match (status.freshness.synced_through, status.freshness.lag_seconds) {
        (Some(known), Some(age)) => format!("In step with Okta as of {known:.0}, {} ago", span(age)),
        _ if status.event_queue.unreadable > 0 => {
            let unread = count(status.event_queue.unreadable, "object");
            format!("Unknown: {unread} could not be read in Okta, and may differ in Assets")
        }
        _ if status.last_full_sync_at.is_some() => {
            "Unknown: Assets may lack values that it confirmed, or cannot store some".to_owned()
        }
        _ => "Never synchronised; run `okta-insight sync`".to_owned(),
    }
}

fn failed(status: &ConnectionStatus) -> String {
    let inbox = &status.event_queue;
    let mut parts = Vec::new();
    if inbox.blocked > 0 {
        parts.push(format!(
            "{} blocked by a safeguard (see `okta-insight plan`)",
            count(inbox.blocked, "object")
        ));
    }
    if inbox.doubted > 0 {
        parts.push(format!("{} in doubt, to be sent again", count(inbox.doubted, "object")));
    }
    if inbox.unreadable > 0 {
        parts.push(format!("{} not read in Okta, to be read again", count(inbox.unreadable, "object")));
    }
    parts.extend(status.withheld.iter().map(ToString::to_string));
    if inbox.failed > 0 {
        parts.push(format!("{} given up", count(inbox.failed, "event")));
    }
    if inbox.unconfirmed_records > 0 {
        parts.push(format!(
            "{} not confirmed by Assets, {} of them rejected",
            count(inbox.unconfirmed_records, "record"),
            inbox.rejected_records
        ));
    }
    if parts.is_empty() { "nothing".to_owned() } else { parts.join("; ") }
}

fn log(status: &ConnectionStatus) -> String {
    match (status.event_source, status.system_log.and_then(|log| log.caught_up_at)) {
        (EventSource::EventHook, _) => "not read: events come from the hook alone".to_owned(),
        (_, Some(read)) => format!("read to its end at {read:.0}"),
        (_, None) => "not read to its end yet".to_owned(),
    }
}

pub(super) fn print_unconfirmed(listed: &[UnconfirmedRecord], all: u64) {
    if listed.is_empty() {
        return;
    }
    let mut rows = table(["unconfirmed", "name", "state", "sent", "next attempt", "reason"]);
    for record in listed {
        rows.add_row([
            record.key.to_string(),
            record.name.clone().unwrap_or_default(),
            if record.rejected { "rejected" } else { "unconfirmed" }.to_owned(),
            format!("{}×", record.attempts),
            format!("{:.0}", record.next_attempt_at),
            record.reason.clone(),
        ]);
    }
    println!("{rows}");
    let hidden = all.saturating_sub(listed.len() as u64);
    if hidden > 0 {
        println!("  and {}", count(hidden, "more record"));
    }
}
