//! How often something is told: the same kind of alert not more often than was asked for.
//!
//! The newest of a kind that has to wait is kept and told later, with the number of those it stands for. A recovery is
//! always told to whoever was told of trouble, and never before the trouble that it ends.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use sync_engine::{Alert, AlertKind};
use tokio::time::Instant;

/// An alert that is to be told now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) alert: Alert,
    /// How many of the same kind were not told since the last one.
    pub(super) suppressed: u64,
}

pub(super) struct RateLimiter {
    every: Duration,
    sent: HashMap<AlertKind, Instant>,
    /// In the order in which they were raised; at most one of a kind of trouble, and no two recoveries in a row.
    held: VecDeque<Notice>,
    /// Whether trouble was told, and no recovery since.
    told: bool,
}

impl RateLimiter {
    pub(super) fn new(every: Duration) -> Self {
        Self { every, sent: HashMap::new(), held: VecDeque::new(), told: false }
    }

    /// Takes an alert, and gives what is to be told now.
    pub(super) fn admit(&mut self, alert: Alert, now: Instant) -> Vec<Notice> {
        let kind = alert.kind;
        if kind == AlertKind::Recovered {
            if self.held.back().is_some_and(|last| last.alert.kind == kind) {
                self.held.pop_back();
            }
            self.held.push_back(Notice { alert, suppressed: 0 });
            return self.due(now);
        }
        let earlier = self.held.iter().position(|held| held.alert.kind == kind);
        let suppressed = earlier.and_then(|at| self.held.remove(at)).map_or(0, |held| held.suppressed + 1);
        let notice = Notice { alert, suppressed };
        if !self.is_free(kind, now) {
            self.held.push_back(notice);
            return self.due(now);
        }
        self.tell(kind, now);
        let mut notices = vec![notice];
        notices.extend(self.due(now));
        notices
    }

    /// What has waited long enough.
    pub(super) fn due(&mut self, now: Instant) -> Vec<Notice> {
        let mut notices = Vec::new();
        while let Some(kind) = self.held.front().map(|held| held.alert.kind) {
            if kind == AlertKind::Recovered {
                let recovered = self.held.pop_front();
                if std::mem::take(&mut self.told) {
                    notices.extend(recovered);
                }
            } else if self.is_free(kind, now) {
                self.tell(kind, now);
                notices.extend(self.held.pop_front());
            } else {
                break;
            }
        }
        notices
    }

    /// When to ask again for what is due.
    pub(super) fn next(&self) -> Option<Instant> {
        let first = self.held.front()?;
        self.sent.get(&first.alert.kind).and_then(|sent| sent.checked_add(self.every))
    }

    fn is_free(&self, kind: AlertKind, now: Instant) -> bool {
        self.sent.get(&kind).is_none_or(|sent| now.duration_since(*sent) >= self.every)
    }

    fn tell(&mut self, kind: AlertKind, now: Instant) {
        self.told = true;
        self.sent.insert(kind, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_mins(15);

    struct World {
        gate: RateLimiter,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self { gate: RateLimiter::new(EVERY), now: Instant::now() }
        }

        /// What is told when this is raised.
        fn raise(&mut self, kind: AlertKind, message: &str) -> Vec<String> {
            let alert = Alert { kind, message: message.into(), hint: None, at: jiff::Timestamp::UNIX_EPOCH };
            told(self.gate.admit(alert, self.now))
        }

        /// What is told when so many minutes are over.
        fn wait(&mut self, minutes: u64) -> Vec<String> {
            self.now += Duration::from_mins(minutes);
            told(self.gate.due(self.now))
        }
    }

    fn told(notices: Vec<Notice>) -> Vec<String> {
        notices.into_iter().map(|n| format!("{}+{}", n.alert.message, n.suppressed)).collect()
    }

    #[test]
    fn the_same_kind_is_told_once_in_a_while_with_the_number_of_those_left_out() {
        let mut world = World::new();
        assert_eq!(world.raise(AlertKind::SyncFailed, "a"), ["a+0"]);
        assert!(world.raise(AlertKind::SyncFailed, "b").is_empty());
        assert!(world.raise(AlertKind::SyncFailed, "c").is_empty());
        assert_eq!(
            world.raise(AlertKind::SystemLogUnavailable, "log"),
            ["log+0"],
            "another kind is another matter"
        );
        assert!(world.wait(14).is_empty());
        assert_eq!(world.gate.next(), Some(world.now + Duration::from_mins(1)));
        assert_eq!(world.wait(1), ["c+1"], "the last one is not lost");
        assert!(world.wait(60).is_empty());
        assert_eq!(world.raise(AlertKind::SyncFailed, "d"), ["d+0"]);
    }

    #[test]
    fn a_recovery_is_told_to_whoever_was_told_of_trouble() {
        let mut world = World::new();
        assert!(world.raise(AlertKind::Recovered, "r").is_empty(), "of what?");
        world.raise(AlertKind::SyncFailed, "a");
        assert_eq!(world.raise(AlertKind::Recovered, "r"), ["r+0"]);
        assert!(world.raise(AlertKind::Recovered, "r").is_empty());
    }

    #[test]
    fn a_recovery_is_never_told_before_the_trouble_that_it_ends() {
        let mut world = World::new();
        world.raise(AlertKind::SyncFailed, "a");
        world.raise(AlertKind::Recovered, "r1");
        assert!(world.raise(AlertKind::SyncFailed, "b").is_empty());
        assert!(world.raise(AlertKind::Recovered, "r2").is_empty());
        assert_eq!(world.wait(15), ["b+0", "r2+0"]);
        assert!(world.raise(AlertKind::SyncFailed, "c").is_empty());
        assert!(world.raise(AlertKind::Recovered, "r3").is_empty());
        assert!(world.raise(AlertKind::SyncFailed, "d").is_empty());
        assert_eq!(world.wait(15), ["d+1"], "what was told last is how it is");
    }
}
