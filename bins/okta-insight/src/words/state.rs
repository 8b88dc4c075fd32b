//! The state of a connection.

use sync_service::{ConnectionStatus, EventSource, Pause};

use super::commands::{PLAN, RESUME, SYNC};
use super::findings::finding;
use super::units::{count, number, span};

/// The time that Assets is synced through, or the reason why it is unknown.
pub(crate) fn synced_through(status: &ConnectionStatus) -> String {
    if let Some(alert) = status.alerts.iter().find(|alert| alert.halts()) {
        return format!("Failing: {}", finding(&alert.finding));
    }
    match (status.freshness.synced_through, status.freshness.lag_seconds) {
        (Some(time), Some(lag)) => format!("Synced through {time:.0}, {} ago", span(lag)),
        _ if status.event_queue.unreadable > 0 => {
            let unreadable = count(status.event_queue.unreadable, "object");
            format!("Unknown: {unreadable} could not be read in Okta and may be outdated in Assets")
        }
        _ if status.last_full_sync_at.is_some() => {
            "Unknown: Assets may lack confirmed values or cannot store all values".to_owned()
        }
        _ => format!("Not synced; run `{SYNC}`"),
    }
}

/// The pending events.
pub(crate) fn pending(status: &ConnectionStatus) -> String {
    let queue = &status.event_queue;
    match queue.oldest_pending_at {
        Some(oldest) => format!("{}, oldest {oldest:.0}", count(queue.pending, "event")),
        None => "none".to_owned(),
    }
}

/// The work that failed or is blocked.
pub(crate) fn failed(status: &ConnectionStatus) -> String {
    let queue = &status.event_queue;
    let mut parts = Vec::new();
    if queue.blocked > 0 {
        parts.push(format!("{} blocked by a safeguard (see `{PLAN}`)", count(queue.blocked, "object")));
    }
    if queue.doubted > 0 {
        parts.push(format!("{} to resend", count(queue.doubted, "object")));
    }
    if queue.unreadable > 0 {
        parts.push(format!("{} unreadable in Okta; will retry", count(queue.unreadable, "object")));
    }
    parts.extend(status.withheld.iter().map(ToString::to_string));
    if queue.failed > 0 {
        parts.push(format!("{} failed", count(queue.failed, "event")));
    }
    if queue.unconfirmed_records > 0 {
        parts.push(unconfirmed(queue.unconfirmed_records, queue.rejected_records));
    }
    if parts.is_empty() { "none".to_owned() } else { parts.join("; ") }
}

/// The unconfirmed records, and the rejected ones among them.
pub(crate) fn unconfirmed(unconfirmed: u64, rejected: u64) -> String {
    let records = count(unconfirmed, "unconfirmed record");
    if rejected == 0 { records } else { format!("{records}, {} rejected", number(rejected)) }
}

/// The position in the System Log.
pub(crate) fn system_log(status: &ConnectionStatus) -> String {
    match (status.event_source, status.system_log.and_then(|log| log.caught_up_at)) {
        (EventSource::EventHook, _) => "not read; the event hook is the only event source".to_owned(),
        (_, Some(time)) => format!("read to its end at {time:.0}"),
        (_, None) => "not read to its end yet".to_owned(),
    }
}

/// The current pause.
pub(crate) fn pause(pause: Option<Pause>) -> String {
    match pause {
        None => "not paused".to_owned(),
        Some(Pause { until: None }) => format!("paused until `{RESUME}`; events are stored"),
        Some(Pause { until: Some(until) }) => format!("paused until {until:.0}; events are stored"),
    }
}

/// The result of `resume`.
pub(crate) const fn resumed(was_paused: bool) -> &'static str {
    if was_paused { "resumed; stored events are applied" } else { "was not paused" }
}
