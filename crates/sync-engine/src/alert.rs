//! Telling somebody who does not watch.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What an alert is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
    /// The state store was lost, replaced, or damaged.
    StoreLost,
    /// The file system of the state store is nearly full.
    StoreSpace,
    /// It works again.
    Recovered,
}

impl AlertKind {
    /// Its name in JSON and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GuardTripped => "guard_tripped",
            Self::RunFailed => "run_failed",
            Self::Stuck => "stuck",
            Self::EventsGivenUp => "events_given_up",
            Self::RecordsRefused => "records_refused",
            Self::FeedFailed => "feed_failed",
            Self::HookUnhealthy => "hook_unhealthy",
            Self::StoreLost => "store_lost",
            Self::StoreSpace => "store_space",
            Self::Recovered => "recovered",
        }
    }
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

/// What an engine that follows does over and over, by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Duty {
    /// Looking after what an earlier process left behind.
    Recovery,
    /// Comparing the schemas.
    Schemas,
    /// Applying events.
    Events,
    /// Reading the log.
    Feed,
    /// Reading the directory, as planned or asked for.
    Passes,
    /// Looking whether the event hook is as it should be.
    Hook,
}

impl Duty {
    /// As it is said in a sentence.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recovery => "looking after what was cut off",
            Self::Schemas => "comparing the schemas",
            Self::Events => "applying events",
            Self::Feed => "reading the log",
            Self::Passes => "reading the directory",
            Self::Hook => "looking at the event hook",
        }
    }

    /// What an alert about its failing is about.
    pub const fn kind(self) -> AlertKind {
        match self {
            Self::Recovery | Self::Schemas | Self::Events => AlertKind::Stuck,
            Self::Feed => AlertKind::FeedFailed,
            Self::Passes => AlertKind::RunFailed,
            Self::Hook => AlertKind::HookUnhealthy,
        }
    }
}

/// A duty that failed, and is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Which.
    pub duty: Duty,
    /// What the failure is about.
    pub kind: AlertKind,
    /// Why, without personal data.
    pub reason: String,
    /// What to do.
    pub hint: Option<String>,
    /// Whether somebody has to look: waiting does not help, or did not for long.
    pub urgent: bool,
    /// When.
    pub at: Timestamp,
}

/// Somebody to tell. Must return at once.
pub trait Alarm: Send + Sync {
    /// Tells it.
    fn raise(&self, alert: Alert);

    /// Says that a duty failed, each time it does; what lasts is [raised](Self::raise) as well.
    fn fails(&self, _: Failing) {}

    /// Says that a duty was done, each time it is.
    fn works(&self, _: Duty, _: Timestamp) {}
}

/// Nobody to tell.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoAlarm;

impl Alarm for NoAlarm {
    fn raise(&self, _: Alert) {}
}
