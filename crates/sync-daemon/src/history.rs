//! Looking back: runs, and the events in the inbox.

use std::ops::ControlFlow;
use std::path::Path;

use admin_api::{ConnectionEvent, ReplayResult};
use futures::future::select_all;
use sync_engine::{
    Event, EventCursor, EventFilter, ReplayTarget, RunDetail, RunFilter, RunSummary, SyncRequestProgress,
};
use sync_model::{EventId, RunId};
use sync_store::{Changes, LeaderLock, LockError};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;

/// The number of events whose ID may contain another's.
const SIMILAR: u32 = 100;
/// The number of events read at once.
const PAGE: u32 = 500;

impl Connection {
    /// Runs, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, ServiceError> {
        Ok(self.store().find_runs(filter).await?)
    }

    /// The stored data of a run of this connection; `None` without it.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn run(&self, run: RunId) -> Result<Option<RunDetail>, ServiceError> {
        Ok(self.store().run(run).await?)
    }

    /// An event of this connection; `None` if it is unknown.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event(&self, id: &EventId) -> Result<Option<Event>, ServiceError> {
        let search = Some(id.as_str().to_owned());
        let found = self.events(&EventFilter { search, limit: SIMILAR, ..EventFilter::default() }).await?;
        Ok(found.into_iter().find(|event| event.id == *id))
    }

    /// Replays events, or all failed ones if no IDs are given: their subjects are queued immediately. Returns the
    /// number of events.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn replay(&self, ids: Option<&[EventId]>) -> Result<u64, ServiceError> {
        let which = ids.map_or(ReplayTarget::AllFailed, ReplayTarget::Ids);
        Ok(self.store().replay(which, self.now()).await?)
    }

    /// The events of this connection among these.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn known_events(&self, ids: &[EventId]) -> Result<Vec<EventId>, ServiceError> {
        Ok(self.store().known_events(ids).await?)
    }

    /// Events, those first that happened last.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events(&self, filter: &EventFilter) -> Result<Vec<Event>, ServiceError> {
        Ok(self.store().find_events(filter).await?)
    }

    /// The progress of a sync request; `None` if it was canceled, or never existed.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, ServiceError> {
        Ok(self.store().sync_request(request).await?)
    }

    /// Cancels a request unless it was accepted. True if it was canceled.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn cancel_request(&self, request: i64) -> Result<bool, ServiceError> {
        Ok(self.store().cancel_request(request).await?)
    }

    /// The end of the inbox at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event_cursor(&self) -> Result<EventCursor, ServiceError> {
        Ok(self.store().event_cursor().await?)
    }

    /// Events that were received or changed after a mark, up to a number, the oldest change first, and the mark after
    /// them.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn events_after(
        &self,
        mark: &EventCursor,
        limit: u32,
    ) -> Result<(Vec<Event>, EventCursor), ServiceError> {
        Ok(self.store().events_after(mark, limit).await?)
    }

    /// True if a process works on this connection: the daemon, or a command that sends.
    ///
    /// # Errors
    /// When that can't be determined.
    pub fn daemon_running(&self, store_path: &Path) -> Result<bool, ServiceError> {
        match LeaderLock::acquire(store_path, self.name()) {
            Ok(_nobody) => Ok(false),
            Err(LockError::AnotherLeader(_)) => Ok(true),
            Err(error) => Err(error.into()),
        }
    }
}

/// Replays events of a connection, or all failed ones if no IDs are given. Their subjects are processed by the
/// connection's leader, or by the next one.
///
/// # Errors
/// When an event is unknown, in which case none is replayed, or the store fails.
pub async fn replay(
    connection: &Connection,
    ids: Option<&[EventId]>,
    store_path: &Path,
) -> Result<ReplayResult, ServiceError> {
    let known = connection.known_events(ids.unwrap_or_default()).await?;
    let mut unknown: Vec<EventId> =
        ids.unwrap_or_default().iter().filter(|id| !known.contains(id)).cloned().collect();
    if !unknown.is_empty() {
        unknown.sort();
        unknown.dedup();
        return Err(ServiceError::UnknownEvents(unknown));
    }
    let which = if ids.is_some() { ReplayTarget::Ids(&known) } else { ReplayTarget::AllFailed };
    let replayed = connection.store().replay(which, connection.now()).await?;
    Ok(ReplayResult {
        connection: connection.name().clone(),
        replayed,
        skipped: (known.len() as u64).saturating_sub(replayed),
        daemon_running: connection.daemon_running(store_path)?,
    })
}

/// Follows the inboxes of some connections from their end at the start.
pub struct EventFollower<'c> {
    marks: Vec<(&'c Connection, EventCursor)>,
}

impl<'c> EventFollower<'c> {
    /// From now on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(connections: impl IntoIterator<Item = &'c Connection>) -> Result<Self, ServiceError> {
        let mut marks = Vec::new();
        for connection in connections {
            marks.push((connection, connection.store().event_cursor().await?));
        }
        Ok(Self { marks })
    }

    /// Passes every new or changed event to `emit`, until interrupted or until `emit` breaks. An event that changes
    /// several times between two reads is passed once, in its last state.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn follow(
        mut self,
        stop: &CancellationToken,
        mut emit: impl FnMut(ConnectionEvent) -> ControlFlow<()>,
    ) -> Result<(), ServiceError> {
        let mut changes: Vec<Changes> =
            self.marks.iter().map(|(connection, _)| connection.changes().subscribe()).collect();
        while !stop.is_cancelled() {
            let mut more = false;
            for (connection, mark) in &mut self.marks {
                let (events, after) = connection.store().events_after(mark, PAGE).await?;
                *mark = after;
                more |= events.len() == PAGE as usize;
                for event in events {
                    if emit(ConnectionEvent { connection: connection.name().clone(), event }).is_break() {
                        return Ok(());
                    }
                }
            }
            if more {
                continue;
            }
            let any = select_all(changes.iter_mut().map(|changes| Box::pin(changes.changed())));
            tokio::select! {
                () = stop.cancelled() => {}
                _ = any => {}
            }
        }
        Ok(())
    }
}
