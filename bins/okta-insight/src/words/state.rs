//! The state of a connection.

use admin_api::ConnectionStatus;
use diagnostics::Pause;
use sync_config::EventSource;

use super::commands::RESUME;
use super::units::{count, number, span};

/// The time that Assets is synced through, if it is known.
pub(crate) fn synced_through(status: &ConnectionStatus) -> String {
    match (status.freshness.synced_through, status.freshness.lag_seconds) {
        (Some(time), Some(lag)) => format!("{time:.0}, {} ago", span(lag)),
        _ if status.last_full_sync_at.is_none() => "not synced".to_owned(),
        _ => "unknown".to_owned(),
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
