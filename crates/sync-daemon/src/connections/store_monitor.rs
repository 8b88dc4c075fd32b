//! The files of the store while the daemon runs: lost, replaced, or damaged ones are noticed before more is written, and a
//! file system that is nearly full.

use std::sync::Arc;
use std::time::Duration;

use admin_api::Unavailable;
use sync_engine::{AlertKind, Fact, Finding, error_chain};
use sync_store::StoreLoss;

use super::manager::ConnectionManager;
use crate::error::ServiceError;

/// The time between two checks of the files.
const CHECK: Duration = Duration::from_secs(1);

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
        let checks = async {
            let identity = async {
                loop {
                    tokio::time::sleep(CHECK).await;
                    if let Err(loss) = self.store.check_identity().await {
                        self.notice(loss);
                        self.store_loss.ended.cancel();
                        return;
                    }
                    self.restore_lock_files().await;
                    let free = self.store.free_space().await;
                    for member in self.members() {
                        if let Ok(connection) = member.connection() {
                            connection.record_free_space(free);
                        }
                    }
                }
            };
            let soundness = async {
                if let Err(loss) = self.store.quick_check().await {
                    self.notice(loss);
                }
            };
            tokio::join!(identity, soundness);
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = checks => {}
        }
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
                    self.insert(stopped).await;
                }
            }
        }
    }
}
