//! `okta-insight sync`

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use admin_api::wire::SyncOptions;
use clap::Args;
use serde::Serialize;
use sync_daemon::{Connection, ServiceError, named_subjects};
use sync_engine::{RecordCounts, RequestedObject, RequestedState, RunReport, Subject};
use sync_model::{ConnectionName, ObjectKind, RecordKey};
use tokio_util::sync::CancellationToken;

use super::audit_entry::Audit;
use super::backend::{Sent, only_here, roads_to_change};
use super::findings::print_findings;
use super::{Opened, open, plan, stop_on_signal};
use crate::args::values::duration;
use crate::args::{Common, Output};
use crate::failure::{ErrorCode, Failure};
use crate::output::{Outcome, print_json, table};
use crate::progress::Bars;
use crate::words::commands::STATUS;
use crate::words::safety::{incomplete, unapplied};
use crate::words::units::{count, number, span};

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Apply the changes even if they exceed a safeguard
    #[arg(long)]
    pub(crate) override_safeguards: bool,
    /// Resend all objects, including unchanged ones, to restore Assets
    #[arg(long, conflicts_with_all = ["users", "groups", "dry_run"])]
    pub(crate) resend: bool,
    /// Sync only these users: Okta user IDs or usernames, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "USER_ID")]
    pub(crate) users: Vec<String>,
    /// Sync only these groups: Okta group IDs or names, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "GROUP_ID")]
    pub(crate) groups: Vec<String>,
    /// Show the changes without sending them
    #[arg(long, conflicts_with = "override_safeguards")]
    pub(crate) dry_run: bool,
    /// Maximum time to wait for a daemon to sync the users and groups
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(crate) timeout: Duration,
}

#[derive(Serialize)]
struct Synced {
    connection: ConnectionName,
    /// True if the process that runs the connection did the work.
    delegated: bool,
    /// The number of objects that it was requested to sync; they aren't part of the report.
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
    /// The work that is left; `None` if there is none.
    fn incomplete(&self) -> Option<String> {
        if !self.report.is_complete() {
            return Some(incomplete(&self.report));
        }
        unapplied(&self.objects)
    }
}

/// The number of objects that a dry run lists.
const SHOWN: u32 = 20;

pub(crate) async fn run(args: &Sync, audit: &mut Audit<'_>, output: Output) -> Outcome {
    if !args.users.is_empty() || !args.groups.is_empty() {
        only_here(&args.common, "sync --users and --groups")?;
    }
    if args.dry_run {
        only_here(&args.common, "sync --dry-run")?;
    }
    if args.users.is_empty() && args.groups.is_empty() && !args.dry_run {
        let options = SyncOptions { override_safeguards: args.override_safeguards, resend: args.resend };
        return result(&sync_all(&args.common, audit, options).await?, output);
    }
    let opened = open(&args.common).await?.in_turn().await?;
    let named = if args.users.is_empty() && args.groups.is_empty() {
        None
    } else {
        Some(named_subjects(&opened.connections, &args.users, &args.groups).await?)
    };
    match named {
        Some(named) if !args.dry_run => result(&sync_named(args, opened, named).await?, output),
        named => plan::show(&opened, SHOWN, named.as_deref(), None, output).await,
    }
}

/// Syncs all objects, by the daemons of the connections or by this process.
async fn sync_all(common: &Common, audit: &mut Audit<'_>, options: SyncOptions) -> Result<Totals, Failure> {
    let roads = roads_to_change(common, audit).await?;
    let stop = stop_on_signal();
    let bars = Bars::new();
    let mut totals = Totals::default();
    for backend in roads.backends() {
        let Sent { delegated, report } = backend.sync(options, &bars, &stop).await?;
        let connection = backend.name().clone();
        totals.add(Synced { connection, delegated, enqueued: 0, objects: Vec::new(), report });
    }
    drop(bars);
    roads.close().await;
    Ok(totals)
}

/// Syncs the named objects of each connection. A process that runs the connection finds the request in the store.
async fn sync_named(args: &Sync, opened: Opened, named: Vec<Vec<Subject>>) -> Result<Totals, Failure> {
    let stop = stop_on_signal();
    let bars = Bars::new();
    let store = &opened.config.store;
    let mut totals = Totals::default();
    for (connection, subjects) in opened.connections.iter().zip(named) {
        if subjects.is_empty() {
            continue;
        }
        connection.require_unpaused().await?;
        totals.add(match connection.claim(store).await {
            Ok(_claim) => {
                let report = connection.engine().targeted_sync(&subjects, &bars, &stop).await?;
                let connection = connection.name().clone();
                Synced { connection, delegated: false, enqueued: 0, objects: Vec::new(), report }
            }
            Err(ServiceError::AnotherLeader(_)) => {
                delegate(connection, store, args.timeout, &subjects, &stop).await?
            }
            Err(error) => return Err(error.into()),
        });
    }
    drop(bars);
    opened.store.close().await;
    Ok(totals)
}

fn result(totals: &Totals, output: Output) -> Outcome {
    match output {
        Output::Json => print_json(totals)?,
        Output::Text => totals.connections.iter().for_each(print),
    }
    let parts: Vec<String> = totals
        .connections
        .iter()
        .filter_map(|synced| Some(format!("connection `{}`: {}", synced.connection, synced.incomplete()?)))
        .collect();
    if parts.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let message = format!("sync incomplete: {}", parts.join("; "));
    Err(Failure::new(ErrorCode::SyncIncomplete, message).with_hint(format!("run `{STATUS}` for details")))
}

/// Requests the objects from the process that runs the connection.
async fn delegate(
    connection: &Connection,
    store: &Path,
    timeout: Duration,
    subjects: &[Subject],
    stop: &CancellationToken,
) -> Result<Synced, Failure> {
    let name = connection.name().clone();
    let keys: Vec<RecordKey> = subjects.iter().filter_map(key).collect();
    let objects = count(keys.len(), "object");
    eprintln!("Another process runs connection `{name}`. Requesting {objects} from it.");
    let objects = connection.delegate_targeted_sync(&keys, timeout, store, stop).await?;
    let report = RunReport::default();
    Ok(Synced { connection: name, delegated: true, enqueued: objects.len(), objects, report })
}

/// The key of a named object.
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
        let objects = count(synced.enqueued, "object");
        println!(
            "  {} of {objects} applied by the process that runs this connection",
            number(applied as u64)
        );
        return;
    }
    let mut rows = table(["object type", "read", "sent", "created", "updated", "identical", "rejected"]);
    for (kind, n) in &report.records {
        let numbers = [n.read, n.sent, n.created, n.updated, n.identical, n.rejected].map(number);
        rows.add_row(std::iter::once(format!("{kind}s")).chain(numbers));
    }
    println!("{rows}");
    if report.resumed {
        println!("  Resumed from the checkpoint of an earlier run");
    }
    if report.retired > 0 {
        println!("  {} retired", count(report.retired, "object"));
    }
    if report.cleared_values > 0 {
        println!("  {} cleared with the Atlassian account", count(report.cleared_values, "value"));
    }
    report.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
    print_findings(2, &report.drift);
    print_findings(2, &report.data_findings());
    println!(
        "  {} in {}, {} to Okta, {}",
        count(report.chunks, "chunk"),
        count(report.executions, "execution"),
        count(report.okta_requests, "request"),
        span(report.duration_seconds)
    );
}
