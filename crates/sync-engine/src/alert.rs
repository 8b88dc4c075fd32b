//! Telling somebody who does not watch.

use jiff::Timestamp;
use serde::Serialize;

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AlertKind {
    /// A guard stopped a run: an operator has to look.
    GuardTripped,
    /// A run failed, and waiting does not help.
    RunFailed,
    /// Nothing could be applied for a while, although it was tried again.
    Stuck,
    /// Events were given up.
    EventsGivenUp,
    /// Records that Assets does not take.
    RecordsRefused,
    /// The log cannot be read.
    FeedFailed,
    /// Okta could not deliver to the hook, or the hook is not active.
    HookUnhealthy,
    /// It works again.
    Recovered,
}

/// Something that an operator should know without looking.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// What it is about.
    pub kind: AlertKind,
    /// What happened, without personal data.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Somebody to tell. Must return at once.
pub trait Alarm: Send + Sync {
    /// Tells it.
    fn raise(&self, alert: Alert);
}

/// Nobody to tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAlarm;

impl Alarm for NoAlarm {
    fn raise(&self, _: Alert) {}
}
