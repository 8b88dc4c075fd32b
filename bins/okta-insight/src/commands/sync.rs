//! `okta-insight sync`

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use sync_service::engine::{
    Outstanding, RecordCounts, RequestedObject, RequestedState, RunReport, Safeguards, Subject,
};
use sync_service::model::{ConnectionName, ObjectKind, RecordKey};
use sync_service::wire::SyncOptions;
use sync_service::{Connection, ServiceError, named_subjects};
use tokio_util::sync::CancellationToken;

use super::remote::{Remote, only_here, remote};
use super::{open, plan, stop_on_signal};
use crate::args::{Output, Sync};
use crate::output::{Failure, Outcome, count, print_json, table};
use crate::progress::Bars;

/// How long another process may take to take a request.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Serialize)]
struct Synced {
    connection: ConnectionName,
    /// Whether the process that works on the connection did it.
    delegated: bool,
    /// Objects that it was asked to look at, and that are not part of the report.
    enqueued: usize,
    /// Their states.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    objects: Vec<RequestedObject>,
    #[serde(flatten)]
    report: RunReport,
}

#[derive(Serialize, Default)]
struct Totals {
    executions: u64,
    chunks: u64,
    records: BTreeMap<ObjectKind, RecordCounts>,
    connections: Vec<Synced>,
}

impl Totals {
    fn add(&mut self, synced: Synced) {
        self.executions += synced.report.executions;
        self.chunks += synced.report.chunks;
        for (&kind, counts) in &synced.report.records {
            self.records.entry(kind).or_default().add(counts);
        }
        self.connections.push(synced);
    }
}

impl Synced {
    /// The work left undone; `None` if there is none.
    fn undone(&self) -> Option<String> {
        if !self.report.is_complete() {
            return Some(undone_of(&self.report));
        }
        let left = self.objects.iter().filter(|object| object.state != RequestedState::Applied);
        let mut parts: Vec<String> = left.map(told_of).collect();
        if parts.len() > NAMED {
            let more = parts.len() - NAMED;
            parts.truncate(NAMED);
            parts.push(format!("{more} more"));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// An object that is not applied, in words.
fn told_of(object: &RequestedObject) -> String {
    let state = match object.state {
        RequestedState::Applied => "is applied",
        RequestedState::Pending => "was not read in time",
        RequestedState::Unreadable => "could not be read in time",
        RequestedState::Unconfirmed => "is not confirmed by Assets",
        RequestedState::Rejected => "is rejected by Assets",
        RequestedState::Blocked => "is held back by a safeguard",
    };
    let reason = object.reason.as_deref().filter(|reason| !reason.is_empty());
    format!("{} {state}{}", object.key, reason.map(|reason| format!(": {reason}")).unwrap_or_default())
}

/// The number of undone objects that are named.
const NAMED: usize = 10;

/// How many objects a dry run shows one by one.
const SHOWN: u32 = 20;

pub(crate) async fn run(args: &Sync, output: Output) -> Outcome {
    if !args.users.is_empty() || !args.groups.is_empty() {
        only_here(&args.common, "sync --users and --groups")?;
    }
    if args.dry_run {
        only_here(&args.common, "sync --dry-run")?;
    }
    if let Some(remote) = remote(&args.common).await? {
        let wish = SyncOptions { override_safeguards: args.accept_shrink, resend: args.resend };
        return told(&there(&remote, wish).await?, output);
    }
    let opened = open(&args.common).await?.in_turn().await?;
    let named = if args.users.is_empty() && args.groups.is_empty() {
        None
    } else {
        Some(named_subjects(&opened.connections, &args.users, &args.groups).await?)
    };
    if args.dry_run {
        return plan::show(&opened, SHOWN, named.as_deref(), None, output).await;
    }
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut totals = Totals::default();
    for (n, connection) in opened.connections.iter().enumerate() {
        let subjects = named.as_ref().and_then(|named| named.get(n)).map(Vec::as_slice);
        if subjects.is_some_and(<[Subject]>::is_empty) {
            continue;
        }
        let name = connection.name().clone();
        connection.require_unpaused().await?;
        if args.resend {
            connection.resend_everything().await?;
        }
        let synced = match connection.claim(&opened.config.store).await {
            Ok(_claim) => {
                let limits = opened.config.connections.get(&name).map(|c| c.safeguards).unwrap_or_default();
                let limits = Safeguards { override_safeguards: args.accept_shrink, ..limits };
                let report = match subjects {
                    None => connection.engine().sync_as_of_now(&limits, &bars, &stop).await?,
                    Some(subjects) => connection.engine().sync_some(subjects, &bars, &stop).await?,
                };
                Synced { connection: name, delegated: false, enqueued: 0, objects: Vec::new(), report }
            }
            Err(ServiceError::AnotherLeader(_)) => {
                hand_over(connection, &opened.config.store, args, subjects, &bars, &stop).await?
            }
            Err(error) => return Err(error.into()),
        };
        totals.add(synced);
    }
    drop(bars);
    opened.store.close().await;
    told(&totals, output)
}

/// Asks a daemon elsewhere for the runs, and waits for their ends.
async fn there(remote: &Remote, wish: SyncOptions) -> Result<Totals, Failure> {
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut totals = Totals::default();
    for name in &remote.names {
        eprintln!("The daemon that works on connection {name} is asked for the run.");
        let report = remote.client.synchronize(name, wish, PATIENCE, &bars, &stop).await?;
        totals.add(Synced {
            connection: name.clone(),
            delegated: true,
            enqueued: 0,
            objects: Vec::new(),
            report,
        });
    }
    Ok(totals)
}

fn told(totals: &Totals, output: Output) -> Outcome {
    match output {
        Output::Json => print_json(totals)?,
        Output::Text => totals.connections.iter().for_each(print),
    }
    let incomplete: Vec<String> = totals
        .connections
        .iter()
        .filter_map(|synced| Some(format!("connection {}: {}", synced.connection, synced.undone()?)))
        .collect();
    if incomplete.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Err(Failure {
        hint: Some("see the records and events with `okta-insight status`".into()),
        ..Failure::new(format!("the sync is incomplete: {}", incomplete.join("; ")))
    })
}

/// Work that is left undone, in a line.
pub(super) fn undone(outstanding: &Outstanding) -> String {
    let Outstanding { unconfirmed, rejected, next_attempt_at, failed_events, doubted } = outstanding;
    let mut parts = Vec::new();
    if *unconfirmed > 0 {
        let mut part =
            format!("{} not confirmed by Assets, {rejected} of them rejected", count(*unconfirmed, "record"));
        if let Some(next) = next_attempt_at {
            part = format!("{part}; the next attempt is at {next:.0}");
        }
        parts.push(part);
    }
    if *failed_events > 0 {
        parts.push(format!("{} failed", count(*failed_events, "event")));
    }
    if *doubted > 0 {
        parts.push(format!("{} in doubt, to be sent again", count(*doubted, "object")));
    }
    if parts.is_empty() { "Assets did not account for every record".to_owned() } else { parts.join("; ") }
}

/// Everything that a run leaves undone, in a line.
fn undone_of(report: &RunReport) -> String {
    let mut parts = Vec::new();
    if !report.unreadable.is_empty() {
        parts.push(format!("{} could not be read in Okta", count(report.unreadable.count, "object")));
    }
    parts.extend(report.withheld.iter().map(ToString::to_string));
    if !report.outstanding.is_empty() || parts.is_empty() {
        parts.push(undone(&report.outstanding));
    }
    parts.join("; ")
}

/// Leaves the work to the process that works on the connection already.
async fn hand_over(
    connection: &Connection,
    store: &Path,
    args: &Sync,
    subjects: Option<&[Subject]>,
    bars: &Bars,
    stop: &CancellationToken,
) -> Result<Synced, Failure> {
    let name = connection.name().clone();
    let (objects, report) = if let Some(subjects) = subjects {
        let keys: Vec<RecordKey> = subjects.iter().filter_map(key).collect();
        let asked = count(keys.len() as u64, "object");
        eprintln!("Another process works on connection {name}; it is asked for {asked}.");
        let objects = connection.hand_over_some(&keys, args.timeout, store, stop).await?;
        (objects, RunReport::default())
    } else {
        eprintln!("Another process works on connection {name}; it is asked for the run.");
        let report = connection.hand_over(args.accept_shrink, PATIENCE, store, bars, stop).await?;
        (Vec::new(), report)
    };
    Ok(Synced { connection: name, delegated: true, enqueued: objects.len(), objects, report })
}

/// The object that was named.
fn key(subject: &Subject) -> Option<RecordKey> {
    match subject {
        Subject::User(id) => Some(RecordKey::user(id)),
        Subject::Group(id) => Some(RecordKey::group(id)),
        _ => None,
    }
}

fn print(synced: &Synced) {
    let report = &synced.report;
    println!("Connection {}", synced.connection);
    if synced.enqueued > 0 {
        let applied = synced.objects.iter().filter(|object| object.state == RequestedState::Applied).count();
        let objects = count(synced.enqueued as u64, "object");
        println!("  {applied} of {objects} applied by the process that works on this connection");
        return;
    }
    let mut rows = table(["kind", "read", "sent", "created", "updated", "identical", "rejected"]);
    for (kind, n) in &report.records {
        let numbers = [n.read, n.sent, n.created, n.updated, n.identical, n.rejected].map(|n| n.to_string());
        rows.add_row(std::iter::once(kind.to_string()).chain(numbers));
    }
    println!("{rows}");
    if report.resumed {
        println!("  went on where an earlier run was");
    }
    if report.retired > 0 {
        println!("  {} marked as gone", count(report.retired, "object"));
    }
    if report.cleared_values > 0 {
        println!("  {} cleared with the account", count(report.cleared_values, "value"));
    }
    report.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
    report.messages.iter().for_each(|message| println!("  ! {message}"));
    println!(
        "  {} in {}, {} to Okta, {:.1} s",
        count(report.chunks, "chunk"),
        count(report.executions, "execution"),
        count(report.okta_requests, "request"),
        report.duration_seconds
    );
}
