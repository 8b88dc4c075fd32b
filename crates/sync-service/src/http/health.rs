//! Telling a stuck sync from a healthy one.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::ConnectionName;

use crate::health_inputs::Vitals;
use crate::{Unavailable, words};

/// Whether the connections get their work done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Health {
    /// Whether every connection does.
    pub ready: bool,
    /// Each of them.
    pub connections: BTreeMap<ConnectionName, ConnectionHealth>,
}

/// Whether a connection gets its work done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionHealth {
    /// Whether it does.
    pub ready: bool,
    /// True if another process works on it, and this one takes over when that ends.
    #[serde(default)]
    pub standby: bool,
    /// Why it does not.
    pub findings: Vec<String>,
    /// Nothing is sent until then.
    pub paused_until: Option<Timestamp>,
    /// Events that wait.
    pub pending_events: Option<u64>,
    /// When the oldest of them happened.
    pub oldest_pending_event_at: Option<Timestamp>,
    /// Objects whose changes a safeguard holds back until an administrator overrides it.
    pub blocked_objects: Option<u64>,
    /// When the log was last read to its end.
    pub system_log_caught_up_at: Option<Timestamp>,
}

impl Health {
    /// A problem of everything: no connection is ready then.
    pub(super) fn add_to_all(&mut self, problem: &str) {
        self.ready = false;
        for connection in self.connections.values_mut() {
            connection.ready = false;
            connection.findings.insert(0, problem.to_owned());
        }
    }

    /// One that this process cannot work on.
    pub(super) fn add_broken(&mut self, name: &ConnectionName, broken: &Unavailable) {
        self.ready = false;
        let (standby, problems) = (broken.standby, vec![broken.reason.clone()]);
        let health = ConnectionHealth { standby, findings: problems, ..ConnectionHealth::default() };
        self.connections.insert(name.clone(), health);
    }
}

/// Judges by what was measured. Nothing counts as late that had less than `limit` since the process began.
pub(super) fn judge(vitals: &[Vitals], limit: Duration) -> Health {
    let connections: BTreeMap<_, _> = vitals.iter().map(|v| (v.name.clone(), connection(v, limit))).collect();
    Health { ready: connections.values().all(|c| c.ready), connections }
}

fn connection(vitals: &Vitals, limit: Duration) -> ConnectionHealth {
    let mut problems = Vec::new();
    if vitals.following_since.is_none() {
        problems
            .push("nobody follows this connection: the task that does has not begun, or has ended".into());
    }
    let halting = vitals.troubles.iter().filter(|trouble| trouble.halts());
    problems.extend(halting.map(|trouble| words::finding(&trouble.finding)));
    let late = |since: Option<Timestamp>| {
        let since = since.max(vitals.following_since)?;
        let waited = vitals.now.duration_since(since).unsigned_abs();
        (waited > limit).then_some(waited.as_secs())
    };
    let store = match &vitals.store {
        Ok(store) => Some(store),
        Err(problem) => {
            problems.push(format!("the state store cannot be read: {problem}"));
            None
        }
    };
    if let Some(store) = store {
        let waiting = store.inbox.oldest_unclaimed_at.filter(|_| store.paused_until.is_none());
        if let Some(seconds) = waiting.and_then(|since| late(Some(since))) {
            problems.push(format!("an event waits for {seconds} s, and nobody has looked at it"));
        }
        let read = store.feed.as_ref().and_then(|feed| feed.caught_up_at);
        if let Some(seconds) = late(read).filter(|_| vitals.reads_log) {
            problems.push(format!("the System Log was not read to its end for {seconds} s"));
        }
    }
    ConnectionHealth {
        ready: problems.is_empty(),
        standby: false,
        findings: problems,
        paused_until: store.and_then(|store| store.paused_until),
        pending_events: store.map(|store| store.inbox.unfinished()),
        oldest_pending_event_at: store.and_then(|store| store.inbox.oldest_pending_at),
        blocked_objects: store.map(|store| store.inbox.blocked),
        system_log_caught_up_at: store.and_then(|store| store.feed.as_ref()?.caught_up_at),
    }
}

#[cfg(test)]
mod tests {
    use sync_engine::{AlertKind, Fact, Finding, Task};

    use super::*;
    use crate::alerts::AlertEntry;
    use crate::health_inputs::sample;

    const LIMIT: Duration = Duration::from_mins(10);

    fn problems(change: impl FnOnce(&mut Vitals)) -> Vec<String> {
        let mut vitals = sample();
        change(&mut vitals);
        judge(&[vitals], LIMIT).connections.into_values().next().unwrap().findings
    }

    fn ago(vitals: &Vitals, minutes: u64) -> Timestamp {
        vitals.now - Duration::from_mins(minutes)
    }

    fn refused_token(at: Timestamp) -> AlertEntry {
        AlertEntry {
            kind: AlertKind::SyncStalled,
            finding: Finding::error(Fact::TaskFailing {
                task: Task::Events,
                error: "Assets refused the import token".into(),
                occurrences: 1,
            }),
            started_at: at,
            last_occurred_at: at,
            occurrences: 1,
            resolved_at: None,
        }
    }

    #[test]
    fn a_connection_that_gets_its_work_done_is_ready() {
        assert_eq!(problems(|_| ()), Vec::<String>::new());
        let health = judge(&[sample()], LIMIT);
        assert!(health.ready);
    }

    #[test]
    fn a_stuck_one_is_not_and_says_why() {
        let told = [
            problems(|v| v.following_since = None),
            problems(|v| v.troubles = vec![refused_token(v.now)]),
            problems(|v| v.store = Err("the disk is gone".into())),
            problems(|v| v.store.as_mut().unwrap().inbox.oldest_unclaimed_at = Some(ago(v, 11))),
            problems(|v| v.store.as_mut().unwrap().feed.as_mut().unwrap().caught_up_at = Some(ago(v, 11))),
            problems(|v| v.store.as_mut().unwrap().feed = None),
        ];
        insta::assert_snapshot!(told.concat().join("\n"));
    }

    #[test]
    fn what_may_take_longer_is_no_reason() {
        let minutes =
            |n| move |v: &mut Vitals| v.store.as_mut().unwrap().inbox.oldest_unclaimed_at = Some(ago(v, n));
        assert!(problems(minutes(9)).is_empty(), "not long yet");
        let paused = problems(|v| {
            minutes(11)(v);
            v.store.as_mut().unwrap().paused_until = Some(Timestamp::MAX);
        });
        assert!(paused.is_empty(), "events wait on purpose");
        let fresh = problems(|v| {
            minutes(600)(v);
            v.following_since = Some(ago(v, 1));
        });
        assert!(fresh.is_empty(), "it came back a minute ago");
        let hook_alone = problems(|v| {
            v.store.as_mut().unwrap().feed = None;
            v.reads_log = false;
        });
        assert!(hook_alone.is_empty(), "nobody reads the log");
    }
}
