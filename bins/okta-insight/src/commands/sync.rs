//! `okta-insight sync`

use std::collections::BTreeMap;
use std::process::ExitCode;

use serde::Serialize;
use sync_service::engine::{Limits, RecordCounts, RunReport, RunResult, Subject};
use sync_service::model::{ConnectionName, GroupId, ObjectKind, UserId};

use super::{open, stop_on_signal};
use crate::args::{Output, Sync};
use crate::output::{Failure, Outcome, count, print_json, table};
use crate::progress::Bars;

#[derive(Serialize)]
struct Synced {
    connection: ConnectionName,
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
    fn add(&mut self, connection: ConnectionName, report: RunReport) {
        self.executions += report.executions;
        self.chunks += report.chunks;
        for (&kind, counts) in &report.records {
            let total = self.records.entry(kind).or_default();
            total.read += counts.read;
            total.sent += counts.sent;
            total.created += counts.created;
            total.updated += counts.updated;
            total.identical += counts.identical;
            total.rejected += counts.rejected;
        }
        self.connections.push(Synced { connection, report });
    }
}

pub(crate) async fn run(args: &Sync, output: Output) -> Outcome {
    let opened = open(&args.common).await?;
    let stop = stop_on_signal();
    let bars = Bars::new();
    let subjects: Vec<Subject> = args
        .users
        .iter()
        .map(|id| Subject::User(UserId::new(id)))
        .chain(args.groups.iter().map(|id| Subject::Group(GroupId::new(id))))
        .collect();
    let mut totals = Totals::default();
    for connection in &opened.connections {
        let _claim = connection.claim(&opened.config.store).await?;
        let limits = opened.config.connections.get(connection.name()).map(|c| c.limits).unwrap_or_default();
        let limits = Limits { accept_shrink: args.accept_shrink, ..limits };
        let report = if subjects.is_empty() {
            connection.engine().sync(&limits, &bars, &stop).await
        } else {
            connection.engine().sync_some(&subjects, &bars, &stop).await
        };
        totals.add(connection.name().clone(), report?);
    }
    drop(bars);
    opened.store.close().await;
    match output {
        Output::Json => print_json(&totals)?,
        Output::Text => totals.connections.iter().for_each(print),
    }
    let incomplete = totals.connections.iter().any(|synced| synced.report.result != RunResult::Done);
    if incomplete {
        return Err(Failure::new("Assets did not take every record; those are sent again at the next run"));
    }
    Ok(ExitCode::SUCCESS)
}

fn print(synced: &Synced) {
    let report = &synced.report;
    println!("Connection {}", synced.connection);
    let mut rows = table(["kind", "read", "sent", "created", "updated", "identical", "rejected"]);
    for (kind, n) in &report.records {
        let numbers = [n.read, n.sent, n.created, n.updated, n.identical, n.rejected].map(|n| n.to_string());
        rows.add_row(std::iter::once(kind.to_string()).chain(numbers));
    }
    println!("{rows}");
    report.added_attributes.iter().for_each(|name| println!("  + attribute {name}"));
    report.messages.iter().for_each(|message| println!("  ! {message}"));
    println!(
        "  {} in {}, {} to Okta, {:.1} s",
        count(report.chunks, "chunk"),
        count(report.executions, "execution"),
        count(report.directory_requests, "request"),
        report.seconds
    );
}
