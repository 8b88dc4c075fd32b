//! The recovery of the work of an earlier process.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask};
use crate::engine::Engine;
use crate::tasks::outcome::activated;

/// Recovers the work of an earlier process, before anything else is sent.
pub(crate) struct RecoveryTask<'e> {
    pub(crate) engine: &'e Engine,
}

#[async_trait]
impl BackgroundTask for RecoveryTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        activated(Task::Recovery, self.engine.imports.recover().await)
    }
}
