//! Work that a run leaves: unconfirmed, failed, and blocked.

use sync_engine::{Fact, Finding, Outstanding, RequestedObject, RequestedState, RunReport};

use super::findings::finding;
use super::state::unconfirmed;
use super::units::count;

/// The number of objects that are named.
const NAMED: usize = 10;

/// The outstanding work, in one line.
pub(crate) fn outstanding(outstanding: &Outstanding) -> String {
    let mut parts = Vec::new();
    if outstanding.unconfirmed > 0 {
        let records = unconfirmed(outstanding.unconfirmed, outstanding.rejected);
        parts.push(match outstanding.next_attempt_at {
            Some(next) => format!("{records}; next attempt {next:.0}"),
            None => records,
        });
    }
    if outstanding.failed_events > 0 {
        parts.push(count(outstanding.failed_events, "failed event"));
    }
    if outstanding.blocked > 0 {
        parts.push(format!("{} blocked by a safeguard", count(outstanding.blocked, "object")));
    }
    if outstanding.doubted > 0 {
        parts.push(format!("{} to resend", count(outstanding.doubted, "object")));
    }
    if parts.is_empty() { "Assets did not confirm all records".to_owned() } else { parts.join("; ") }
}

/// All work that a run leaves, in one line.
pub(crate) fn incomplete(report: &RunReport) -> String {
    let mut parts = Vec::new();
    if !report.unreadable.is_empty() {
        parts.push(format!("{} unreadable in Okta", count(report.unreadable.count, "object")));
    }
    let withheld = report.withheld.iter().cloned().map(|field| Fact::ValuesWithheld { field });
    parts.extend(withheld.map(|fact| finding(&Finding::warning(fact))));
    if !report.outstanding.is_empty() || parts.is_empty() {
        parts.push(outstanding(&report.outstanding));
    }
    parts.join("; ")
}

/// The requested objects that are not applied; `None` if all are.
pub(crate) fn unapplied(objects: &[RequestedObject]) -> Option<String> {
    let left = objects.iter().filter(|object| object.state != RequestedState::Applied);
    let mut parts: Vec<String> = left.map(requested).collect();
    if parts.len() > NAMED {
        let more = parts.len() - NAMED;
        parts.truncate(NAMED);
        parts.push(format!("{more} more"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn requested(object: &RequestedObject) -> String {
    match (&object.finding, object.state) {
        (Some(found), _) => format!("{}: {}", object.key, finding(found)),
        (None, RequestedState::Applied) => format!("{} applied", object.key),
        // Every other state has a finding.
        (None, _) => format!("{} not read in time", object.key),
    }
}
