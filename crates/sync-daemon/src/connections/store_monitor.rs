//! The files of the store while the daemon runs: lost, replaced, or damaged ones are noticed before more is written, and a
//! file system that is nearly full.

use std::sync::Arc;
use std::time::Duration;

use admin_api::Unavailable;
use async_trait::async_trait;
use sync_engine::{
    Activated, ActivationReason, AlertKind, BackgroundTask, Fact, FailedActivation, Finding, Task, TaskSpec,
    error_chain,
};
use sync_store::StoreLoss;
use tokio_util::sync::CancellationToken;

use super::manager::ConnectionManager;
use crate::error::ServiceError;

/// The time between two checks of the files.
const CHECK: Duration = Duration::from_secs(1);

/// Checks the files of the store until it is lost.
struct StoreCheck<'m> {
    manager: &'m ConnectionManager,
    is_lost: bool,
}

#[async_trait]
impl BackgroundTask for StoreCheck<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        let Err(loss) = self.manager.check_files().await else { return Activated::Done };
        self.is_lost = true;
        let error = error_chain(&loss);
        self.manager.notice(loss);
        self.manager.store_loss.ended.cancel();
        Activated::failed(FailedActivation::quiet(Task::StoreCheck, error, None))
    }

    fn is_finished(&self) -> bool {
        self.is_lost
    }
}

impl ConnectionManager {
    /// Returns once the store is no longer the file at its path: later writes are lost.
    pub async fn lost(&self) -> ServiceError {
        self.store_loss.ended.cancelled().await;
        match self.store_loss.loss.get() {
            Some(loss) => loss.clone().into(),
            // Cancelled only after the loss was set.
            None => std::future::pending().await,
        }
    }

    /// The problem of the store, if it has one.
    pub(crate) fn store_problem(&self) -> Option<String> {
        self.store_loss.loss.get().map(|loss| error_chain(loss))
    }

    /// Checks the files until the process ends.
    pub(super) async fn monitor_store(self: Arc<Self>) {
        let soundness = async {
            tokio::select! {
                () = self.stop.cancelled() => {}
                checked = self.store.quick_check() => if let Err(loss) = checked {
                    self.notice(loss);
                },
            }
        };
        let mut check = StoreCheck { manager: &self, is_lost: false };
        let identity = self.driver.run(TaskSpec::every(Task::StoreCheck, CHECK), &mut check, &self.stop);
        tokio::join!(identity, soundness);
    }

    async fn check_files(&self) -> Result<(), StoreLoss> {
        self.store.check_identity().await?;
        self.restore_lock_files().await;
        let free = self.store.free_space().await;
        for member in self.members() {
            if let Ok(connection) = member.connection() {
                connection.record_free_space(free);
            }
        }
        Ok(())
    }

    fn notice(&self, loss: StoreLoss) {
        let error = ServiceError::from(loss.clone());
        if self.store_loss.loss.set(loss).is_err() {
            return;
        }
        let (error, remedy) = (error_chain(&error), error.remedy());
        let fix = remedy.as_ref().map(plain_text::remedy);
        tracing::error!(error, remedy = fix, "the state store isn't usable");
        let finding = Finding { remedy, ..Finding::error(Fact::StoreLost { error }) };
        for member in self.members() {
            if let Ok(connection) = member.connection() {
                connection.alert(AlertKind::StoreLost, finding.clone());
            }
        }
    }

    /// Creates a removed lock file again, before another process does; stops the connection if another one was faster.
    async fn restore_lock_files(&self) {
        for member in self.members() {
            if member.is_claim_in_place() {
                continue;
            }
            match member.claim_again(&self.config.store).await {
                Ok(()) => {
                    tracing::warn!(connection = %member.name(), "another program removed the lock file; created it again");
                }
                Err(error) => {
                    let _one_at_a_time = self.saving.lock().await;
                    tracing::error!(
                        connection = %member.name(),
                        error = error_chain(&error),
                        "the lock file was removed and the claim is lost; stopped the connection"
                    );
                    member.end().await;
                    let saved = member.saved().cloned();
                    self.inboxes.remove(member.name().as_str());
                    let stopped = self.member(member.name().clone(), saved, Err(Unavailable::from(error)));
                    self.insert(stopped, false).await;
                }
            }
        }
    }
}
