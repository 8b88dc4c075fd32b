//! Periodic checks of the schemas and the event hook. They run early when something contradicts the last result.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::task_health::TaskHealth;
use crate::tasks::rest;
use crate::{EngineError, HookNotice, HookReport, RunKind, Task, TaskOptions, engine::Engine, error_chain};

/// The shortest time between two early checks.
const MIN_INTERVAL: Duration = Duration::from_secs(5);

/// Requests for early checks, and the last results.
#[derive(Debug, Default)]
pub(crate) struct EarlyChecks {
    requested: Notify,
    hook_requested: Notify,
    /// Locked from reading the event hook until the result is recorded.
    hook_lock: tokio::sync::Mutex<()>,
    last: Mutex<LastCheck>,
}

#[derive(Debug, Default)]
struct LastCheck {
    ended_at: Option<Instant>,
    /// The ID of the connection's event hook.
    hook_id: Option<String>,
}

impl EarlyChecks {
    fn last(&self) -> std::sync::MutexGuard<'_, LastCheck> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests a check of the event hook.
    pub(crate) fn request_hook(&self) {
        self.hook_requested.notify_one();
    }

    /// The lock to hold while the event hook is read or changed.
    pub(crate) const fn hook_lock(&self) -> &tokio::sync::Mutex<()> {
        &self.hook_lock
    }

    /// Records the connection's event hook.
    pub(crate) fn read_hook(&self, report: &HookReport) {
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

    fn ended(&self) {
        self.last().ended_at = Some(Instant::now());
    }

    /// The time until another early check may start.
    fn pause(&self, interval: Duration) -> Duration {
        self.last().ended_at.map_or(Duration::ZERO, |ended| interval.saturating_sub(ended.elapsed()))
    }
}

impl Engine {
    /// Checks the target schema and the event hook in the background if the last check is older than `max_age`. It
    /// changes nothing unless the schema in Assets was edited. Requires [running tasks](Self::run_tasks).
    pub fn refresh_checks(&self, max_age: Duration) {
        if self.early_checks.last().ended_at.is_some_and(|ended| ended.elapsed() > max_age) {
            self.early_checks.requested.notify_one();
        }
    }

    /// Runs the checks periodically and on request, until interrupted.
    pub(crate) async fn run_checks(
        &self,
        options: &TaskOptions,
        schemas: TaskHealth,
        stop: &CancellationToken,
    ) {
        tokio::select! {
            () = stop.cancelled() => {}
            () = self.repeat_checks(options, schemas, stop) => {}
        }
    }

    async fn repeat_checks(&self, options: &TaskOptions, mut schemas: TaskHealth, stop: &CancellationToken) {
        let mut hook = TaskHealth::new(Task::EventHookCheck);
        // The caller has just compared the schemas.
        self.check_event_hook(options, &mut hook).await;
        self.early_checks.ended();
        // Repeated notices, such as failed deliveries, are answered less and less often.
        let mut hook_pause = MIN_INTERVAL;
        let mut due = Instant::now() + options.schema_interval;
        while !stop.is_cancelled() {
            if schemas.is_open() {
                due = due.min(Instant::now() + schemas.pause());
            }
            tokio::select! {
                () = tokio::time::sleep_until(due) => {
                    hook_pause = MIN_INTERVAL;
                    // A comparison may extend the schema in Assets.
                    if !self.is_paused().await.unwrap_or(true) {
                        schemas.record(self, self.refresh_schema().await.map(drop));
                    }
                    due = Instant::now() + options.schema_interval;
                }
                () = self.early_checks.requested.notified() => {
                    rest(self.early_checks.pause(MIN_INTERVAL.max(schemas.pause())), stop).await;
                    self.check_schema_edits(&mut schemas).await;
                }
                () = self.early_checks.hook_requested.notified() => {
                    rest(self.early_checks.pause(hook_pause), stop).await;
                    hook_pause = (hook_pause * 2).min(options.schema_interval.max(MIN_INTERVAL));
                }
            }
            self.check_event_hook(options, &mut hook).await;
            self.early_checks.ended();
        }
    }

    /// Reads the state of the schema in Assets, and compares the schemas only if it changed.
    async fn check_schema_edits(&self, schemas: &mut TaskHealth) {
        match self.ports.target_schema.state().await.map_err(EngineError::TargetSchema) {
            Ok(state) => {
                let known = self.known_view().and_then(|view| view.target_schema);
                if (schemas.is_open() || state.is_some() && state != known)
                    && !self.is_paused().await.unwrap_or(true)
                {
                    schemas.record(self, self.refresh_schema().await.map(drop));
                }
            }
            Err(error) => schemas.record(self, Err(error)),
        }
    }

    /// An event hook that doesn't work delivers no event about that.
    async fn check_event_hook(&self, options: &TaskOptions, health: &mut TaskHealth) {
        // Before the first full sync the event hook may not exist yet.
        let loaded =
            self.ports.store.last_run(RunKind::FullSync).await.is_ok_and(|run| run.succeeded.is_some());
        if !options.hook || !loaded {
            return;
        }
        let _hook_lock = self.early_checks.hook_lock().lock().await;
        match self.ports.event_hook.inspect().await {
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
