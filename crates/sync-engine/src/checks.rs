//! Periodic checks of the schemas and the event hook. They run early when something contradicts the last result.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::task_health::TaskHealth;
use crate::tasks::rest;
use crate::{HookNotice, HookReport, RunKind, Task, TaskOptions, engine::Engine, error_chain};

/// The shortest time between two checks.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Requests for an early check.
#[derive(Debug, Default)]
pub(crate) struct EarlyChecks {
    requested: Notify,
    /// The end of the last check.
    last: Mutex<Option<Instant>>,
    /// The ID of the connection's event hook, as it was read last.
    hook_id: Mutex<Option<String>>,
}

impl EarlyChecks {
    pub(crate) fn request(&self) {
        self.requested.notify_one();
    }

    /// The time since the last check; `None` before the first one.
    fn age(&self) -> Option<Duration> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).map(|ended| ended.elapsed())
    }

    /// Records the connection's event hook.
    pub(crate) fn read_hook(&self, report: &HookReport) {
        self.hook_id.lock().unwrap_or_else(PoisonError::into_inner).clone_from(&report.id);
    }

    /// False if a notice names other event hooks of the org.
    pub(crate) fn concerns_hook(&self, notice: &HookNotice) -> bool {
        let id = self.hook_id.lock().unwrap_or_else(PoisonError::into_inner);
        id.as_ref().is_none_or(|id| notice.targets.is_empty() || notice.targets.contains(id))
    }

    fn ended(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }
}

impl Engine {
    /// Checks the schemas and the event hook in the background if the last check is older than `max_age`. Without
    /// [running tasks](Self::run_tasks), the check starts with them.
    pub fn refresh_checks(&self, max_age: Duration) {
        if self.early_checks.age().is_some_and(|age| age > max_age) {
            self.early_checks.request();
        }
    }

    /// Runs the checks periodically and on request, until interrupted.
    pub(crate) async fn run_checks(
        &self,
        options: &TaskOptions,
        mut schemas: TaskHealth,
        stop: &CancellationToken,
    ) {
        let mut hook = TaskHealth::new(Task::EventHookCheck);
        // The caller has just compared the schemas.
        self.check_event_hook(options, &mut hook, stop).await;
        self.early_checks.ended();
        while !stop.is_cancelled() {
            let soon = if schemas.is_open() { schemas.pause() } else { options.schema_interval };
            tokio::select! {
                () = rest(soon.min(options.schema_interval), stop) => {}
                () = self.early_checks.requested.notified() => {
                    let age = self.early_checks.age().unwrap_or_default();
                    rest(MIN_INTERVAL.saturating_sub(age), stop).await;
                }
            }
            if stop.is_cancelled() {
                return;
            }
            // A comparison may extend the schema in Assets.
            if !self.is_paused().await.unwrap_or(true) {
                let refreshed = tokio::select! {
                    () = stop.cancelled() => return,
                    refreshed = self.refresh_schema() => refreshed.map(drop),
                };
                schemas.record(self, refreshed);
            }
            self.check_event_hook(options, &mut hook, stop).await;
            self.early_checks.ended();
        }
    }

    /// An event hook that doesn't work delivers no event that says so.
    async fn check_event_hook(
        &self,
        options: &TaskOptions,
        health: &mut TaskHealth,
        stop: &CancellationToken,
    ) {
        // Before the first full sync the event hook may not exist yet.
        let loaded =
            self.ports.store.last_run(RunKind::FullSync).await.is_ok_and(|run| run.succeeded.is_some());
        if !options.hook || !loaded {
            return;
        }
        let inspected = tokio::select! {
            () = stop.cancelled() => return,
            inspected = self.ports.event_hook.inspect() => inspected,
        };
        match inspected {
            Ok(report) => {
                self.early_checks.read_hook(&report);
                match report.findings.first() {
                    None => health.succeeded(self),
                    Some(finding) => {
                        tracing::error!(findings = ?report.findings, "the event hook isn't ready");
                        health.failed(self, Task::EventHookCheck.kind(), finding.clone(), true);
                    }
                }
            }
            // The checks report a missing permission.
            Err(error) => {
                tracing::debug!(error = %error_chain(&error), "could not read the event hook");
            }
        }
    }
}
