//! A connection that this process works with: no daemon serves it on this host.

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use admin_api::wire::{Events, PauseStatus, SelfTestOptions, SyncOptions};
use admin_api::{ConnectionRun, PlanView, ReplayResult};
use async_trait::async_trait;
use sync_config::Config;
use sync_daemon::{Connection, HookReceiver, ServiceError, replay};
use sync_engine::{
    EventFilter, ProgressSink, RunFilter, RunSummary, Safeguards, SelfTestReport, SetupReport, VerifyReport,
};
use sync_model::{ConnectionName, EventId, RunId};
use tokio_util::sync::CancellationToken;

use super::operations::{Backend, ConnectionState, Resumed, Sent};
use super::there::PATIENCE;
use crate::failure::Failure;

/// A connection that this process works with.
pub(crate) struct Here {
    pub(crate) connection: Connection,
    /// Its connections include those saved in the console.
    pub(crate) config: Arc<Config>,
}

impl Here {
    fn safeguards(&self) -> Safeguards {
        let settings = self.config.connections.get(self.name());
        settings.map(|settings| settings.safeguards).unwrap_or_default()
    }
}

#[async_trait(?Send)]
impl Backend for Here {
    fn name(&self) -> &ConnectionName {
        self.connection.name()
    }

    async fn status(&self, runs: u32) -> Result<ConnectionState, Failure> {
        let daemon_running = self.connection.daemon_running(&self.config.store)?;
        let status = Box::new(self.connection.status(runs).await?);
        Ok(ConnectionState::Available { status, daemon_running })
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Failure> {
        Ok(self.connection.runs(filter).await?)
    }

    async fn run(&self, run: RunId) -> Result<Option<ConnectionRun>, Failure> {
        let found = self.connection.run(run).await?;
        Ok(found.map(|run| ConnectionRun { connection: self.name().clone(), run }))
    }

    async fn events(&self, filter: &EventFilter) -> Result<Events, Failure> {
        let events = self.connection.events(filter).await?;
        Ok(Events { connection: self.name().clone(), events })
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, Failure> {
        Ok(self.connection.known_events(ids).await?)
    }

    async fn replay(&self, ids: Option<&[EventId]>) -> Result<ReplayResult, Failure> {
        Ok(replay(&self.connection, ids, &self.config.store).await?)
    }

    async fn pause(&self, time: Option<Duration>) -> Result<PauseStatus, Failure> {
        let pause = Some(self.connection.pause(time).await?);
        Ok(PauseStatus { connection: self.name().clone(), pause })
    }

    async fn resume(&self) -> Result<Resumed, Failure> {
        let was_paused = self.connection.paused().await?.is_some();
        self.connection.resume().await?;
        let status = PauseStatus { connection: self.name().clone(), pause: None };
        Ok(Resumed { status, was_paused })
    }

    /// Okta verifies an event hook with a request. Without a daemon, this process responds meanwhile.
    async fn set_up(&self, stop: &CancellationToken) -> Result<SetupReport, Failure> {
        let stop = stop.child_token();
        let receiver = HookReceiver::bind(self.config.listen, slice::from_ref(&self.connection)).await.ok();
        let serving = receiver.map(|receiver| tokio::spawn(receiver.serve(stop.clone())));
        let report = self.connection.engine().setup(self.connection.has_hook()).await;
        stop.cancel();
        if let Some(serving) = serving {
            // It ends once it is canceled.
            let _ = serving.await;
        }
        Ok(report?)
    }

    async fn verify(&self, _: &CancellationToken) -> Result<VerifyReport, Failure> {
        Ok(self.connection.engine().verify(self.connection.has_hook()).await?)
    }

    async fn self_test(
        &self,
        options: SelfTestOptions,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, Failure> {
        let _claim = self.connection.claim(&self.config.store).await?;
        Ok(self.connection.self_test(options, stop).await?)
    }

    async fn plan(
        &self,
        objects: u32,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<PlanView, Failure> {
        Ok(self.connection.make_plan(&self.safeguards(), objects, progress, stop).await?)
    }

    async fn sync(
        &self,
        options: SyncOptions,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure> {
        let SyncOptions { override_safeguards, resend } = options;
        let (connection, store) = (&self.connection, &self.config.store);
        connection.require_unpaused().await?;
        if resend {
            connection.resend_all().await?;
        }
        match connection.claim(store).await {
            Ok(_claim) => {
                let limits = Safeguards { override_safeguards, ..self.safeguards() };
                let report = connection.engine().sync_as_of_now(&limits, progress, stop).await?;
                Ok(Sent { delegated: false, report })
            }
            // It serves no socket, or didn't answer: the request waits for it in the store.
            Err(ServiceError::AnotherLeader(name)) => {
                eprintln!("Another process runs connection `{name}`. Requesting the sync from it.");
                let delegated =
                    connection.delegate_sync(override_safeguards, PATIENCE, store, progress, stop);
                Ok(Sent { delegated: true, report: delegated.await? })
            }
            Err(error) => Err(error.into()),
        }
    }
}
