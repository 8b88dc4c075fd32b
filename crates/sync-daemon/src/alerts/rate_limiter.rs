//! The interval between alerts of the same kind.
//!
//! The latest suppressed alert of a kind is kept and sent later, with the number of those that it replaces. The end of a
//! problem is sent if the problem was, and never before it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use sync_engine::{Alert, AlertKind};
use tokio::time::Instant;

/// An alert to send now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Notice {
    pub(super) alert: Alert,
    /// The number of alerts of this kind that weren't sent since the last one.
    pub(super) suppressed_count: u64,
}

pub(super) struct RateLimiter {
    every: Duration,
    sent: HashMap<AlertKind, Instant>,
    /// Suppressed alerts, oldest first; at most one firing alert of a kind, and one resolved one after it.
    held: VecDeque<Notice>,
    /// Kinds that were sent as firing, and not as resolved since.
    firing: HashSet<AlertKind>,
}

impl RateLimiter {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, sent: HashMap::new(), held: VecDeque::new(), firing: HashSet::new() }
    }

    /// Accepts an alert, and returns the notices to send now.
    pub(super) fn admit(&mut self, alert: Alert, now: Instant) -> Vec<Notice> {
        let (kind, is_resolved) = (alert.kind, alert.is_resolved());
        let is_same = |held: &Notice| held.alert.kind == kind && held.alert.is_resolved() == is_resolved;
        let earlier = self.held.iter().position(is_same).and_then(|at| self.held.remove(at));
        let suppressed_count =
            if is_resolved { 0 } else { earlier.map_or(0, |held| held.suppressed_count + 1) };
        self.held.push_back(Notice { alert, suppressed_count });
        self.due(now)
    }

    /// Suppressed alerts that are due.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Notice> {
        let (mut notices, mut waiting) = (Vec::new(), HashSet::new());
        for notice in std::mem::take(&mut self.held) {
            let kind = notice.alert.kind;
            if waiting.contains(&kind) {
                self.held.push_back(notice);
            } else if notice.alert.is_resolved() {
                if self.firing.remove(&kind) {
                    notices.push(notice);
                }
            } else if self.is_free(kind, now) {
                self.firing.insert(kind);
                self.sent.insert(kind, now);
                notices.push(notice);
            } else {
                waiting.insert(kind);
                self.held.push_back(notice);
            }
        }
        notices
    }

    /// The time at which the next suppressed alert is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let sent = self.held.iter().filter_map(|held| self.sent.get(&held.alert.kind));
        sent.filter_map(|sent| sent.checked_add(self.every)).min()
    }

    fn is_free(&self, kind: AlertKind, now: Instant) -> bool {
        self.sent.get(&kind).is_none_or(|sent| now.duration_since(*sent) >= self.every)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use sync_engine::{Fact, Finding};

    use super::*;

    const EVERY: Duration = Duration::from_mins(15);

    struct TestEnv {
        gate: RateLimiter,
        now: Instant,
    }

    impl TestEnv {
        fn new() -> Self {
            Self { gate: RateLimiter::new(EVERY), now: Instant::now() }
        }

        /// The messages that are sent when a problem fires.
        fn raise(&mut self, kind: AlertKind, message: &str) -> Vec<String> {
            let alert = Alert::firing(kind, finding(message), Timestamp::UNIX_EPOCH);
            told(self.gate.admit(alert, self.now))
        }

        /// The messages that are sent when a problem is resolved.
        fn resolve(&mut self, kind: AlertKind, message: &str) -> Vec<String> {
            let alert = Alert::resolved(kind, finding(message), Timestamp::UNIX_EPOCH);
            told(self.gate.admit(alert, self.now))
        }

        /// The messages that are sent after these minutes.
        fn wait(&mut self, minutes: u64) -> Vec<String> {
            self.now += Duration::from_mins(minutes);
            told(self.gate.due(self.now))
        }
    }

    fn finding(error: &str) -> Finding {
        Finding::error(Fact::Unavailable { error: error.to_owned() })
    }

    fn told(notices: Vec<Notice>) -> Vec<String> {
        let told = notices.into_iter().map(|notice| {
            let Fact::Unavailable { error } = notice.alert.finding.fact else { unreachable!() };
            format!("{error}+{}", notice.suppressed_count)
        });
        told.collect()
    }

    #[test]
    fn repeated_alerts_are_suppressed() {
        let mut world = TestEnv::new();
        assert_eq!(world.raise(AlertKind::SyncFailed, "a"), ["a+0"]);
        assert!(world.raise(AlertKind::SyncFailed, "b").is_empty());
        assert!(world.raise(AlertKind::SyncFailed, "c").is_empty());
        assert_eq!(world.raise(AlertKind::SystemLogUnavailable, "log"), ["log+0"], "kinds are independent");
        assert!(world.wait(14).is_empty());
        assert_eq!(world.gate.next(), Some(world.now + Duration::from_mins(1)));
        assert_eq!(world.wait(1), ["c+1"], "the latest one is sent");
        assert!(world.wait(60).is_empty());
        assert_eq!(world.raise(AlertKind::SyncFailed, "d"), ["d+0"]);
    }

    #[test]
    fn resolved_alert_follows_firing_alert() {
        let mut world = TestEnv::new();
        assert!(world.resolve(AlertKind::SyncFailed, "r").is_empty(), "nothing was firing");
        world.raise(AlertKind::SyncFailed, "a");
        assert_eq!(world.resolve(AlertKind::SyncFailed, "r"), ["r+0"]);
        assert!(world.resolve(AlertKind::SyncFailed, "r").is_empty());
    }

    #[test]
    fn resolved_alert_waits_for_firing_alert() {
        let mut world = TestEnv::new();
        world.raise(AlertKind::SyncFailed, "a");
        world.resolve(AlertKind::SyncFailed, "r1");
        assert!(world.raise(AlertKind::SyncFailed, "b").is_empty());
        assert!(world.resolve(AlertKind::SyncFailed, "r2").is_empty());
        assert_eq!(world.wait(15), ["b+0", "r2+0"]);
        assert!(world.raise(AlertKind::SyncFailed, "c").is_empty());
        assert!(world.resolve(AlertKind::SyncFailed, "r3").is_empty());
        assert!(world.raise(AlertKind::SyncFailed, "d").is_empty());
        assert_eq!(world.wait(15), ["d+1"], "the latest state is sent");
    }

    #[test]
    fn kinds_resolve_independently() {
        let mut world = TestEnv::new();
        world.raise(AlertKind::SyncFailed, "a");
        world.raise(AlertKind::StoreSpace, "full");
        assert!(world.raise(AlertKind::SyncFailed, "b").is_empty());
        assert_eq!(
            world
                .gate
                .admit(
                    Alert::resolved(AlertKind::StoreSpace, finding("space"), Timestamp::UNIX_EPOCH),
                    world.now
                )
                .len(),
            1
        );
        assert_eq!(world.wait(15), ["b+0"]);
    }
}
