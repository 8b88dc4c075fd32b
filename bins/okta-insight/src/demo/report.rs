//! The result of the demo.

use sandbox::audit::Comparison;
use serde_json::{Value, json};
use sync_engine::RunReport;

use super::live::Live;
use crate::output::table;
use crate::words::units::{count, number, span};

pub(super) fn document(audit: &Comparison, full_sync: &RunReport, live: &Live) -> Value {
    let mut insight = json!(audit.insight);
    insight["marked_deleted"] = audit.marked_deleted.into();
    json!({
        "okta": audit.okta,
        "insight": insight,
        "in_sync": audit.in_sync,
        "differences": audit.differences,
        "full_sync": {
            "seconds": full_sync.duration_seconds,
            "okta_requests": full_sync.okta_requests,
            "executions": full_sync.executions,
            "chunks": full_sync.chunks,
        },
        "live": {
            "changes": live.changes,
            "applied": live.latencies.len(),
            "latency_ms": { "p50": live.percentile(50), "p99": live.percentile(99) },
        },
    })
}

pub(super) fn print(audit: &Comparison, full_sync: &RunReport, live: &Live) {
    let mut rows = table(["", "okta", "assets"]);
    for (name, okta, insight) in [
        ("users", audit.okta.users, audit.insight.users),
        ("groups", audit.okta.groups, audit.insight.groups),
        ("memberships", audit.okta.memberships, audit.insight.memberships),
    ] {
        rows.add_row([name.to_owned(), number(okta), number(insight)]);
    }
    rows.add_row(["retired".to_owned(), String::new(), number(audit.marked_deleted)]);
    println!("{rows}");
    println!(
        "Full sync: {}, {} to Okta, {}. Live: {} of {} applied, p50 {:.0} ms, p99 {:.0} ms.",
        span(full_sync.duration_seconds),
        count(full_sync.okta_requests, "request"),
        count(full_sync.chunks, "chunk"),
        number(live.latencies.len() as u64),
        count(live.changes, "change"),
        live.percentile(50),
        live.percentile(99),
    );
    if audit.in_sync {
        println!("In sync: all attributes and references are equal.");
    } else {
        println!("Not in sync: {}", count(audit.total_differences, "difference"));
        audit.differences.iter().for_each(|difference| println!("  {difference}"));
    }
}
