//! Periodic checks of the schemas and the event hook. They run early when something contradicts the last result.

use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, error_chain};
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;
use crate::engine::Engine;
use crate::tasks::check_timer::{Check, CheckTimer};
use crate::tasks::options::TaskOptions;
use crate::tasks::task_health::TaskHealth;

impl Engine {
    /// Checks the target schema and the event hook in the background if the last check is older than `max_age`. It
    /// changes nothing unless the schema in Assets was edited. Requires [running tasks](Self::run_tasks).
    pub fn refresh_checks(&self, max_age: Duration) {
        if self.early_checks.is_schema_older(max_age) {
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
            () = self.repeat_checks(options, schemas) => {}
        }
    }

    async fn repeat_checks(&self, options: &TaskOptions, mut schemas: TaskHealth) {
        let mut hook = TaskHealth::new(Task::EventHookCheck);
        // The caller has just compared the schemas.
        self.check_event_hook(options, &mut hook).await;
        self.early_checks.read_schema();
        let mut timer = CheckTimer::new(options.schema_interval, Instant::now());
        loop {
            if schemas.is_open() {
                timer.retry_at(Instant::now() + schemas.pause());
            }
            let (check, due) = timer.next();
            tokio::select! {
                () = self.early_checks.requested.notified() => timer.request_schema_state(schemas.pause()),
                () = self.early_checks.hook_requested.notified() => timer.request_event_hook(),
                () = tokio::time::sleep_until(due) => {
                    let has_read = match check {
                        Check::Comparison | Check::Retry => self.compare_unless_paused(&mut schemas).await,
                        Check::SchemaState => {
                            self.check_schema_edits(&mut schemas).await;
                            true
                        }
                        Check::EventHook => false,
                    };
                    if check != Check::Retry {
                        self.check_event_hook(options, &mut hook).await;
                    }
                    if has_read {
                        self.early_checks.read_schema();
                    }
                    timer.ended(check, Instant::now());
                }
            }
        }
    }

    /// Compares the schemas, unless the connection is paused: a comparison may extend the schema in Assets. Returns true
    /// if it compared them.
    async fn compare_unless_paused(&self, schemas: &mut TaskHealth) -> bool {
        if self.clock.is_paused().await.unwrap_or(true) {
            return false;
        }
        schemas.record(self, self.schemas.refresh_schema().await.map(drop));
        true
    }

    /// Reads the state of the schema in Assets, and compares the schemas only if it changed.
    async fn check_schema_edits(&self, schemas: &mut TaskHealth) {
        match self.context.ports.target_schema.state().await.map_err(EngineError::TargetSchema) {
            Ok(state) => {
                let known = self.schemas.known_view().and_then(|view| view.target_schema);
                if schemas.is_open() || state.is_some() && state != known {
                    self.compare_unless_paused(schemas).await;
                }
            }
            Err(error) => schemas.record(self, Err(error)),
        }
    }

    /// An event hook that doesn't work delivers no event about that.
    async fn check_event_hook(&self, options: &TaskOptions, health: &mut TaskHealth) {
        // Before the first full sync the event hook may not exist yet.
        let loaded =
            self.context.store().last_run(RunKind::FullSync).await.is_ok_and(|run| run.succeeded.is_some());
        if !options.hook || !loaded {
            return;
        }
        let guard = self.early_checks.hook_lock().acquire().await;
        match self.context.ports.event_hook.inspect().await {
            Ok(report) => {
                self.early_checks.read_hook(&guard, &report);
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
