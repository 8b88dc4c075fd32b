//! Parts of the pages of events.

use maud::{Markup, html};
use sync_engine::{EventState, PendingWork};
use sync_model::{ConnectionName, EventId};

use super::super::components::{Tone, badge, count, notice, time};
use super::super::links::address;
use crate::words::{activity as words, labels};

/// The query parameter with the number of replayed events.
pub(super) const REPLAYED: &str = "replayed";

/// The state of an event.
pub(super) fn state_badge(state: EventState) -> Markup {
    let tone = match state {
        EventState::Pending | EventState::InProgress => Tone::Busy,
        EventState::Applied => Tone::Good,
        EventState::Failed | EventState::Blocked => Tone::Problem,
        EventState::Ignored => Tone::Quiet,
    };
    badge(tone, labels::event_state(state))
}

/// The confirmation of a replay.
pub(super) fn replayed(events: u64) -> Markup {
    match events {
        0 => notice(Tone::Warning, words::NOT_REPLAYED, None),
        n => notice(Tone::Good, &words::replayed(n), Some(words::REPLAYED_TEXT)),
    }
}

/// The next attempt at pending work.
pub(super) fn when(waits: &PendingWork) -> Markup {
    html! {
        @if waits.claimed { "In progress" } @else { "Next attempt: " (time(waits.next_attempt_at)) }
        @if waits.attempts > 0 { ", " (count(waits.attempts, "attempt")) }
    }
}

/// The address of the page of an event.
pub(super) fn event_address(connection: &ConnectionName, id: &EventId) -> String {
    address(connection, &["events", id.as_str()])
}
