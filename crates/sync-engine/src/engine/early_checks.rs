//! Checks before their time.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use crate::domain::hook_report::HookReport;
use crate::domain::inbox::HookNotice;
use crate::engine::locks::{HookGuard, HookLock};

/// Requests for early checks, and the last results.
#[derive(Debug, Default)]
pub(crate) struct EarlyChecks {
    pub(crate) requested: Notify,
    pub(crate) hook_requested: Notify,
    hook_lock: HookLock,
    last: Mutex<LastCheck>,
}

#[derive(Debug, Default)]
struct LastCheck {
    /// The end of the last check of the schema in Assets.
    schema_at: Option<Instant>,
    /// The ID of the connection's event hook.
    hook_id: Option<String>,
}

impl EarlyChecks {
    /// True if the schema in Assets was checked longer ago than this.
    pub(crate) fn is_schema_older(&self, max_age: Duration) -> bool {
        self.last().schema_at.is_some_and(|read| read.elapsed() > max_age)
    }

    fn last(&self) -> std::sync::MutexGuard<'_, LastCheck> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests a check of the event hook.
    pub(crate) fn request_hook(&self) {
        self.hook_requested.notify_one();
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
