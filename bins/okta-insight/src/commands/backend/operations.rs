//! The operations of a connection, in the types of the admin API.

use std::time::Duration;

use admin_api::wire::{Events, PauseStatus, SelfTestOptions, SyncOptions};
use admin_api::{ConnectionRun, ConnectionStatus, PlanView, ReplayResult, Unavailable};
use async_trait::async_trait;
use serde::Serialize;
use sync_engine::{
    EventFilter, ProgressSink, RunFilter, RunReport, RunSummary, SelfTestReport, SetupReport, VerifyReport,
};
use sync_model::{ConnectionName, EventId, RunId};
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;

/// The state of a connection.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum ConnectionState {
    Available {
        #[serde(flatten)]
        status: Box<ConnectionStatus>,
        /// True if a process runs the connection: the daemon, or a command that sends.
        daemon_running: bool,
    },
    Unavailable {
        connection: ConnectionName,
        unavailable: Box<Unavailable>,
    },
}

impl ConnectionState {
    /// The state of a connection that this process can't open, and that no daemon runs.
    pub(crate) fn unavailable((connection, reason): (ConnectionName, Unavailable)) -> Self {
        Self::Unavailable { connection, unavailable: Box::new(reason) }
    }
}

/// The pause of a connection after it was ended.
#[derive(Serialize)]
pub(crate) struct Resumed {
    #[serde(flatten)]
    pub(crate) status: PauseStatus,
    /// True if the connection was paused before.
    pub(crate) was_paused: bool,
}

/// The result of a full sync.
pub(crate) struct Sent {
    /// True if the process that runs the connection did the work.
    pub(crate) delegated: bool,
    pub(crate) report: RunReport,
}

/// A connection, as commands use it.
#[async_trait(?Send)]
pub(crate) trait Backend {
    fn name(&self) -> &ConnectionName;

    /// The status with this number of recent runs, of which a daemon returns five.
    async fn status(&self, runs: u32) -> Result<ConnectionState, Failure>;

    /// Runs, newest first.
    async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, Failure>;

    /// A run; `None` if the connection has none of this number.
    async fn run(&self, run: RunId) -> Result<Option<ConnectionRun>, Failure>;

    /// Events, newest first.
    async fn events(&self, filter: &EventFilter) -> Result<Events, Failure>;

    /// The events of this connection among these.
    async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, Failure>;

    /// Replays events, or all failed ones if no IDs are given.
    async fn replay(&self, ids: Option<&[EventId]>) -> Result<ReplayResult, Failure>;

    /// Pauses sends for a time, or until they are resumed.
    async fn pause(&self, time: Option<Duration>) -> Result<PauseStatus, Failure>;

    /// Ends a pause.
    async fn resume(&self) -> Result<Resumed, Failure>;

    /// Creates or updates the object types, mapping, and event hook.
    async fn set_up(&self, stop: &CancellationToken) -> Result<SetupReport, Failure>;

    /// Verifies the object types, mapping, and event hook.
    async fn verify(&self, stop: &CancellationToken) -> Result<VerifyReport, Failure>;

    /// Imports test objects to learn how the site treats imports.
    async fn self_test(
        &self,
        options: SelfTestOptions,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, Failure>;

    /// A plan of a full sync with this number of its objects, of which a daemon returns at most
    /// [`MOST_PLANNED_OBJECTS`](admin_api::wire::MOST_PLANNED_OBJECTS).
    async fn plan(
        &self,
        objects: u32,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<PlanView, Failure>;

    /// Runs a full sync, or requests it from the process that runs the connection.
    async fn sync(
        &self,
        options: SyncOptions,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<Sent, Failure>;
}
