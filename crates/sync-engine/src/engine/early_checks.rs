//! Checks before their time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::domain::hook_report::HookReport;
use crate::domain::inbox::HookNotice;
use crate::driver::wake::Wake;
use crate::engine::locks::{HookGuard, HookLock};

/// The shortest time between two early checks.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Requests for early checks, and the last results.
#[derive(Debug, Default)]
pub(crate) struct EarlyChecks {
    /// Wakes the check of the schema.
    pub(crate) schema: Wake,
    /// Wakes the check of the event hook.
    pub(crate) hook: Wake,
    hook_lock: HookLock,
    last: Mutex<LastCheck>,
}

#[derive(Debug, Default)]
struct LastCheck {
    /// The end of the last check of the schema in Assets.
    schema_at: Option<Instant>,
    /// The ID of the connection's event hook.
    hook_id: Option<String>,
    /// True if a notice requested a check of the event hook that didn't start yet.
    hook_noticed: bool,
    /// The pause before the check that the last notice requested.
    hook_pause: Duration,
}

impl EarlyChecks {
    /// Requests both checks if the schema in Assets was checked longer ago than this.
    pub(crate) fn refresh(&self, max_age: Duration) {
        if self.last().schema_at.is_some_and(|read| read.elapsed() > max_age) {
            self.schema.after(MIN_INTERVAL);
            self.hook.after(MIN_INTERVAL);
        }
    }

    fn last(&self) -> std::sync::MutexGuard<'_, LastCheck> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests a check of the event hook. The pause before it grows until the next periodic check, because notices such
    /// as failed deliveries may repeat.
    pub(crate) fn notice_hook(&self) {
        let mut last = self.last();
        if !std::mem::replace(&mut last.hook_noticed, true) {
            last.hook_pause = (last.hook_pause * 2).max(MIN_INTERVAL);
            self.hook.after(last.hook_pause);
        }
    }

    /// Records the start of a check of the event hook, which answers all earlier notices.
    pub(crate) fn begin_hook(&self, is_periodic: bool) {
        let mut last = self.last();
        last.hook_noticed = false;
        if is_periodic {
            last.hook_pause = Duration::ZERO;
        }
    }

    /// The lock to hold while the event hook is read or changed.
    pub(crate) const fn hook_lock(&self) -> &HookLock {
        &self.hook_lock
    }

    /// Records the connection's event hook.
    pub(crate) fn read_hook(&self, _: &HookGuard<'_>, report: &HookReport) {
        self.last().hook_id.clone_from(&report.id);
    }

    /// False if a notice names other event hooks of the org.
    pub(crate) fn may_concern_hook(&self, notice: &HookNotice) -> bool {
        self.last().hook_id.as_ref().is_none_or(|id| notice.targets.is_empty() || notice.targets.contains(id))
    }

    /// True if a notice names the connection's event hook, or none.
    pub(crate) fn names_hook(&self, notice: &HookNotice) -> bool {
        notice.targets.is_empty()
            || self.last().hook_id.as_ref().is_some_and(|id| notice.targets.contains(id))
    }

    /// Records the end of a check of the schema in Assets.
    pub(crate) fn read_schema(&self) {
        self.last().schema_at = Some(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_notices_wait_longer() {
        let checks = EarlyChecks::default();
        let noticed = || {
            checks.notice_hook();
            // A notice before the check asks for the same check.
            checks.notice_hook();
            checks.last().hook_pause.as_secs()
        };
        let pauses = [5, 10, 20, 40].map(|_| {
            let pause = noticed();
            checks.begin_hook(false);
            pause
        });
        assert_eq!(pauses, [5, 10, 20, 40]);
        checks.begin_hook(true);
        assert_eq!(noticed(), 5);
    }

    #[test]
    fn other_event_hooks_are_ignored() {
        let checks = EarlyChecks::default();
        let notice = |targets: &[&str]| HookNotice {
            is_failure: true,
            targets: targets.iter().map(ToString::to_string).collect(),
        };
        assert!(checks.may_concern_hook(&notice(&["who1"])), "the ID is unknown");
        assert!(!checks.names_hook(&notice(&["who1"])));
        checks.last().hook_id = Some("who1".to_owned());
        assert!(checks.names_hook(&notice(&["who2", "who1"])));
        assert!(checks.names_hook(&notice(&[])));
        assert!(!checks.may_concern_hook(&notice(&["who2"])));
        assert!(!checks.names_hook(&notice(&["who2"])));
    }
}
