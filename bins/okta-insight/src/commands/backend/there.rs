//! A connection that a daemon runs, elsewhere or on this host.

use std::time::Duration;

use admin_api::wire::{Events, PauseStatus, SelfTestOptions, SyncOptions};
use admin_api::{ConnectionRun, DaemonAddress, PlanView, RemoteClient, ReplayResult};
use async_trait::async_trait;
use sync_engine::{
    EventFilter, ProgressSink, RunFilter, RunSummary, SelfTestReport, SetupReport, VerifyReport,
};
use sync_model::{ConnectionName, EventId, RunId};
use tokio_util::sync::CancellationToken;

use super::operations::{Backend, ConnectionState, Resumed, Sent};
use crate::failure::{ErrorCode, Failure};

/// The longest wait until a daemon accepts a request for a sync.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

/// A connection that a daemon runs.
pub(crate) struct There {
    pub(crate) client: RemoteClient,
    pub(crate) name: ConnectionName,
}

#[async_trait(?Send)]
impl Backend for There {
    fn name(&self) -> &ConnectionName {
        &self.name
    }

    async fn status(&self, runs: u32) -> Result<ConnectionState, Failure> {
        let view = self.client.connection(&self.name).await?;
        match (view.status, view.unavailable) {
            (Some(mut status), _) => {
                status.runs.truncate(usize::try_from(runs).unwrap_or(usize::MAX));
                // The daemon that responds runs its connections.
                Ok(ConnectionState::Available { status: Box::new(status), daemon_running: true })
            }
            (None, Some(unavailable)) => {
                let unavailable = Box::new(unavailable);
                Ok(ConnectionState::Unavailable { connection: view.name, unavailable })
            }
            (None, None) => Err(Failure::new(
                ErrorCode::ServerUnreachable,
                format!("the daemon returned no status of connection `{}`", view.name),
            )),
        }
    }

    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Failure> {
        Ok(self.client.runs(&self.name, filter).await?)
    }

    async fn run(&self, run: RunId) -> Result<Option<ConnectionRun>, Failure> {
        Ok(self.client.run(&self.name, run).await?)
    }

    async fn events(&self, filter: &EventFilter) -> Result<Events, Failure> {
        Ok(self.client.events(&self.name, filter).await?)
    }

    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, Failure> {
        let mut known = Vec::new();
        for id in ids {
            if self.client.event(&self.name, id).await?.is_some() {
                known.push(id.clone());
            }
        }
        Ok(known)
    }

    async fn replay(&self, ids: Option<&[EventId]>) -> Result<ReplayResult, Failure> {
        if ids.is_some_and(<[EventId]>::is_empty) {
            let connection = self.name.clone();
            return Ok(ReplayResult { connection, replayed: 0, skipped: 0, daemon_running: true });
        }
        Ok(self.client.replay(&self.name, ids.map(<[EventId]>::to_vec)).await?)
    }

    async fn pause(&self, time: Option<Duration>) -> Result<PauseStatus, Failure> {
        Ok(self.client.pause(&self.name, time).await?)
    }

    async fn resume(&self) -> Result<Resumed, Failure> {
        let before = self.client.connection(&self.name).await?.status.and_then(|status| status.pause);
        Ok(Resumed { status: self.client.resume(&self.name).await?, was_paused: before.is_some() })
    }

    async fn set_up(&self, stop: &CancellationToken) -> Result<SetupReport, Failure> {
        Ok(self.client.set_up(&self.name, stop).await?)
    }

    async fn verify(&self, stop: &CancellationToken) -> Result<VerifyReport, Failure> {
        Ok(self.client.verify(&self.name, stop).await?)
    }

    async fn self_test(
        &self,
        options: SelfTestOptions,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, Failure> {
        Ok(self.client.self_test(&self.name, options, stop).await?)
    }

    async fn plan(
        &self,
        objects: u32,
        _: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<PlanView, Failure> {
        let mut shown = self.client.plan(&self.name, stop).await?;
        if let Some(listed) = &mut shown.objects {
            listed.truncate(usize::try_from(objects).unwrap_or(usize::MAX));
        }
        Ok(shown)
    }

    async fn sync(
        &self,
        options: SyncOptions,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure> {
        let name = &self.name;
        match self.client.address() {
            DaemonAddress::Server(_) => {
                eprintln!("Requesting the sync of connection `{name}` from the daemon.");
            }
            DaemonAddress::Socket(_) => {
                eprintln!("Another process runs connection `{name}`. Requesting the sync from it.");
            }
        }
        let report = self.client.request_sync(name, options, PATIENCE, progress, stop).await?;
        Ok(Sent { delegated: true, report })
    }
}
