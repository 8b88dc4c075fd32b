//! The check of the event hook, which delivers no event about its own failure: periodic, and early when the System Log
//! reports one.

use std::time::Duration;

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::error::error_chain;
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask, FailedActivation};
use crate::engine::Engine;

/// Checks the event hook.
pub(crate) struct HookTask<'e> {
    pub(crate) engine: &'e Engine,
}

#[async_trait]
impl BackgroundTask for HookTask<'_> {
    async fn activate(&mut self, reason: ActivationReason, _: &CancellationToken) -> Activated {
        let engine = self.engine;
        engine.early_checks.begin_hook(reason == ActivationReason::Period);
        // Before the first full sync the event hook may not exist yet.
        let loaded =
            engine.context.store().last_run(RunKind::FullSync).await.is_ok_and(|run| run.succeeded.is_some());
        if !loaded {
            return Activated::NothingDue;
        }
        let guard = engine.early_checks.hook_lock().acquire().await;
        let task = Task::EventHookCheck;
        match engine.context.ports.event_hook.inspect().await {
            Ok(report) => {
                engine.early_checks.read_hook(&guard, &report);
                let Some(finding) = report.findings.first() else { return Activated::Done };
                tracing::error!(findings = ?report.findings, "the event hook isn't ready");
                let finding = finding.clone();
                Activated::failed(FailedActivation { finding, alert: task.kind(), patience: Duration::ZERO })
            }
            // The checks report a missing permission.
            Err(error) => {
                let (error, remedy) = (error_chain(&error), error.remedy().cloned());
                tracing::debug!(error, "could not read the event hook");
                Activated::failed(FailedActivation::quiet(task, error, remedy))
            }
        }
    }
}

impl Engine {
    /// Checks the target schema and the event hook in the background if the last check is older than `max_age`. It
    /// changes nothing unless the schema in Assets was edited. Requires [running tasks](Self::run_tasks).
    pub fn refresh_checks(&self, max_age: Duration) {
        self.early_checks.refresh(max_age);
    }
}
