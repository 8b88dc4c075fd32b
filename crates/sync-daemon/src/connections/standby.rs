//! Unavailable connections: another process leads them, or a prerequisite is missing. Both are retried automatically.

use std::time::Duration;

use admin_api::{SavedSettings, Unavailable};
use async_trait::async_trait;
use sync_config::ConnectionConfig;
use sync_engine::{
    Activated, ActivationReason, BackgroundTask, FailedActivation, Task, TaskSpec, error_chain,
};
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

use super::manager::ConnectionManager;
use super::registry::{Recalled, recall, recall_one, saved};
use crate::error::ServiceError;

/// The time between two attempts with a connection that does not work.
const AGAIN: Duration = Duration::from_secs(3);

/// Opens unavailable connections.
struct RetryTask<'m> {
    manager: &'m ConnectionManager,
}

#[async_trait]
impl BackgroundTask for RetryTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        match self.manager.retry_unavailable().await {
            Ok(()) => Activated::Done,
            Err(error) => {
                let (error, remedy) = (error_chain(&error), error.remedy());
                tracing::debug!(error, "could not read the saved connections");
                Activated::failed(FailedActivation::quiet(Task::ConnectionRetry, error, remedy))
            }
        }
    }
}

impl ConnectionManager {
    /// Opens every connection of the configuration and of the store.
    pub(super) async fn open_connections(&self) -> Result<(), ServiceError> {
        for (name, settings) in &self.config.connections {
            self.try_open(name.clone(), None, Ok(settings.clone()), false).await;
        }
        for Recalled { name, shown, settings } in recall(&self.config, &self.store).await? {
            self.try_open(name, Some(shown), settings, false).await;
        }
        Ok(())
    }

    /// Tries connections that do not work again and again, until the process ends.
    pub(super) async fn retry_until_stopped(&self) {
        let retry = TaskSpec::every(Task::ConnectionRetry, AGAIN).without_retries();
        self.driver.run(retry, &mut RetryTask { manager: self }, &self.stop).await;
    }

    /// Retries every unavailable connection; adds those that another process saved, and removes those that another
    /// process deleted.
    async fn retry_unavailable(&self) -> Result<(), ServiceError> {
        let _one_at_a_time = self.saving.lock().await;
        for (name, settings) in &self.config.connections {
            if !self.works(name) {
                self.try_open(name.clone(), None, Ok(settings.clone()), true).await;
            }
        }
        let (_, others) = saved(&self.config, &self.store).await?;
        let is_removed = |name: &ConnectionName| {
            !self.config.connections.contains_key(name) && !others.iter().any(|saved| saved.name == *name)
        };
        for member in self.members() {
            if member.connection().is_err() && is_removed(member.name()) {
                self.remove_member(member.name());
            }
        }
        for one in others {
            if !self.works(&one.name) {
                let Recalled { name, shown, settings } = recall_one(&self.config, one);
                self.try_open(name, Some(shown), settings, true).await;
            }
        }
        Ok(())
    }

    fn works(&self, name: &ConnectionName) -> bool {
        self.get(name).is_some_and(|member| member.connection().is_ok())
    }

    /// Opens a connection, acquires its lock, and shows the result; logs a changed result. Before the start, its tasks
    /// don't run.
    async fn try_open(
        &self,
        name: ConnectionName,
        saved: Option<SavedSettings>,
        settings: Result<ConnectionConfig, ServiceError>,
        follow: bool,
    ) {
        let working = match settings {
            Ok(settings) => self.work(settings).await,
            Err(error) => Err(error),
        };
        let before = self.get(&name);
        let was = before.as_ref().and_then(|member| member.connection().err());
        match working.map_err(Unavailable::from) {
            Ok(working) => {
                if was.is_some() {
                    tracing::info!(connection = %name, "became the leader of the connection");
                }
                self.insert(self.member(name, saved, Ok(working)), follow).await;
            }
            Err(broken) => {
                if was != Some(&broken) {
                    say(&name, &broken);
                    let member = self.member(name, saved, Err(broken));
                    self.insert(member, false).await;
                }
            }
        }
    }
}

fn say(name: &ConnectionName, broken: &Unavailable) {
    if broken.is_standby() {
        tracing::info!(connection = %name, "standby: another process is the leader of the connection");
    } else {
        tracing::error!(
            connection = %name,
            error = plain_text::finding(broken.finding()),
            remedy = broken.finding().remedy.as_ref().map(plain_text::remedy),
            "the connection is unavailable; retrying every {} s",
            AGAIN.as_secs()
        );
    }
}
