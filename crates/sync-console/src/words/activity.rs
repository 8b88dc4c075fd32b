//! Sentences about activity, runs, and events.

use maud::{Markup, html};
use sync_engine::Finding;

use super::findings::finding;
use super::text::count;

pub(crate) const SNAPSHOT: &str = "As of page load";

pub(crate) const RUNS: &str = "Each run reads from Okta and sends the differences to Assets.";
pub(crate) const NO_RUNS: &str = "No runs yet";
pub(crate) const NO_RUNS_TEXT: &str = "Finish setup to start the first full sync.";
pub(crate) const NO_MATCHING_RUNS: &str = "No matching runs";
pub(crate) const NO_MATCHING_RUNS_TEXT: &str = "Change the filter, or show all runs.";
pub(crate) const ACTIVE_RUN: &str = "Active run";
pub(crate) const NO_ACTIVE_RUN: &str = "No active run";
pub(crate) const RESUMED: &str = "This run resumed from the checkpoint of an interrupted run.";
pub(crate) const FINDINGS_CUT: &str = "Further findings were not stored.";

pub(crate) const EVENTS: &str = "Events received from the event hook or the System Log, newest first.";
pub(crate) const NO_EVENTS: &str = "No events yet";
pub(crate) const NO_EVENTS_TEXT: &str =
    "Events arrive when something changes in Okta. Finish setup to receive them.";
pub(crate) const NO_RECENT_EVENTS_TEXT: &str = "To see an event here, change a user in Okta.";
pub(crate) const NO_MATCHING_EVENTS: &str = "No matching events";
pub(crate) const NO_MATCHING_EVENTS_TEXT: &str =
    "Search by event type, event ID, or the ID of a user or group.";

pub(crate) fn failed(events: u64) -> String {
    format!("{} failed", count(events, "event"))
}

pub(crate) const FAILED: &str = "These events failed after the last attempt, so their objects may be outdated in Assets. Fix the cause, then replay \
     them.";

pub(crate) fn blocked(events: u64) -> String {
    format!("{} blocked", count(events, "event"))
}

pub(crate) const BLOCKED: &str = "A safeguard blocks the changes of these events until you override it, or until they are within the limit.";
pub(crate) const REVIEW_CHANGES: &str = "Review the changes";

pub(crate) fn pending(events: u64) -> String {
    if events == 0 { "No pending events.".to_owned() } else { format!("{} pending.", count(events, "event")) }
}

pub(crate) fn replayed(events: u64) -> String {
    format!("{} replayed.", count(events, "event"))
}

pub(crate) const REPLAYED_TEXT: &str = "The affected objects are now read again.";
pub(crate) const NOT_REPLAYED: &str = "No events were replayed: they affect no synced object.";

/// A failed event.
pub(crate) fn event_failed(failure: Option<&Finding>) -> Markup {
    html! { "This event failed." @if let Some(failure) = failure { " " (finding(failure)) } }
}

pub(crate) const EVENT_FAILED_REMEDY: &str = "Fix the cause, then replay the event.";

/// A blocked event.
pub(crate) fn event_blocked(failure: Option<&Finding>) -> Markup {
    html! { "A safeguard blocks the changes of this event." @if let Some(failure) = failure { " " (finding(failure)) } }
}

pub(crate) const EVENT_BLOCKED_REMEDY: &str =
    "Review the changes on the Plan page. If they are correct, override the safeguard there.";
pub(crate) const AFFECTS_NOTHING: &str = "This event affects no synced object.";
