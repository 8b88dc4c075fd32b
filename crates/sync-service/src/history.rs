//! Looking back: runs, and the events in the inbox.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sync_engine::{
    Event, EventCursor, EventFilter, ReplayTarget, RunDetail, RunFilter, RunSummary, SyncRequestProgress,
};
use sync_model::{ConnectionName, EventId, RunId};
use tokio_util::sync::CancellationToken;

use crate::lock::Lock;
use crate::{Connection, ServiceError};

/// How often whoever follows the inbox looks for more.
const LOOK: Duration = Duration::from_millis(250);
/// How many events can have one's whole id in theirs.
const SIMILAR: u32 = 100;
/// How many events are taken at once while following.
const PAGE: u32 = 500;

/// A run, and whose it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionRun {
    /// The connection.
    pub connection: ConnectionName,
    /// The run.
    pub run: RunDetail,
}

/// An event that came in or changed, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionEvent {
    /// The connection.
    pub connection: ConnectionName,
    /// The event.
    #[serde(flatten)]
    pub event: Event,
}

/// What came of putting events back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ReplayResult {
    /// The connection.
    pub connection: ConnectionName,
    /// How many are looked at again.
    pub replayed: u64,
    /// How many are known and name nothing to look at.
    pub skipped: u64,
    /// Whether a process works on the connection, and does it now.
    pub daemon_running: bool,
}

impl Connection {
    /// Runs, the newest first.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn runs(&self, filter: &RunFilter) -> Result<Vec<RunSummary>, ServiceError> {
        Ok(self.store().find_runs(filter).await?)
    }

    /// All that is remembered of a run of this connection; `None` when that is nothing.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn run(&self, run: RunId) -> Result<Option<RunDetail>, ServiceError> {
        Ok(self.store().run(run).await?)
    }

    /// An event of this connection; `None` when it is not remembered.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event(&self, id: &EventId) -> Result<Option<Event>, ServiceError> {
        let search = Some(id.as_str().to_owned());
        let found = self.events(&EventFilter { search, limit: SIMILAR, ..EventFilter::default() }).await?;
        Ok(found.into_iter().find(|event| event.id == *id))
    }

    /// Puts events back, or all that were given up when none are named: what they named is looked at again, now. Gives
    /// their number.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn put_back(&self, ids: Option<&[EventId]>) -> Result<u64, ServiceError> {
        let which = ids.map_or(ReplayTarget::AllFailed, ReplayTarget::Ids);
        Ok(self.store().replay(which, self.now()).await?)
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

    /// Takes a request for a run back, unless somebody has taken it. Whether it did.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn withdraw_request(&self, request: i64) -> Result<bool, ServiceError> {
        Ok(self.store().cancel_request(request).await?)
    }

    /// The end of the inbox at this moment.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn event_mark(&self) -> Result<EventCursor, ServiceError> {
        Ok(self.store().event_cursor().await?)
    }

    /// At most so many events that came in or changed after a mark, the oldest change first, and the mark after them.
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

    /// Whether a process works on this connection: the daemon, or a command that sends.
    ///
    /// # Errors
    /// When that cannot be found out.
    pub fn is_attended(&self, store_path: &Path) -> Result<bool, ServiceError> {
        match Lock::take(store_path, self.name()) {
            Ok(_nobody) => Ok(false),
            Err(ServiceError::AnotherLeader(_)) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// The run of that number, whichever connection's it is.
///
/// # Errors
/// When none of the connections remembers it, or the store fails.
pub async fn find_run(connections: &[Connection], run: RunId) -> Result<ConnectionRun, ServiceError> {
    for connection in connections {
        if let Some(run) = connection.store().run(run).await? {
            return Ok(ConnectionRun { connection: connection.name().clone(), run });
        }
    }
    Err(ServiceError::UnknownRun(run))
}

/// Puts events back, each where it is known; all that were given up when none are named. What they named is looked at
/// again by the process that works on the connection, or the next one that does.
///
/// # Errors
/// When one is known nowhere, in which case none is put back, or the store fails.
pub async fn replay<C: Borrow<Connection>>(
    connections: &[C],
    ids: Option<&[EventId]>,
    store_path: &Path,
) -> Result<Vec<ReplayResult>, ServiceError> {
    let mut unknown: HashSet<&EventId> = ids.unwrap_or_default().iter().collect();
    let mut known = Vec::new();
    for connection in connections {
        let here = match ids {
            Some(ids) => connection.borrow().store().known_events(ids).await?,
            None => Vec::new(),
        };
        for id in &here {
            unknown.remove(id);
        }
        known.push(here);
    }
    if !unknown.is_empty() {
        let mut unknown: Vec<EventId> = unknown.into_iter().cloned().collect();
        unknown.sort();
        return Err(ServiceError::UnknownEvents(unknown));
    }
    let mut replayed = Vec::new();
    for (connection, known) in connections.iter().map(Borrow::borrow).zip(known) {
        let which = if ids.is_some() { ReplayTarget::Ids(&known) } else { ReplayTarget::AllFailed };
        let put_back = connection.store().replay(which, connection.now()).await?;
        replayed.push(ReplayResult {
            connection: connection.name().clone(),
            replayed: put_back,
            skipped: (known.len() as u64).saturating_sub(put_back),
            daemon_running: connection.is_attended(store_path)?,
        });
    }
    Ok(replayed)
}

/// Follows the inboxes of some connections from where they ended when it began.
pub struct EventFollower<'c> {
    marks: Vec<(&'c Connection, EventCursor)>,
}

impl<'c> EventFollower<'c> {
    /// From now on.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn begin(connections: &'c [Connection]) -> Result<Self, ServiceError> {
        let mut marks = Vec::new();
        for connection in connections {
            marks.push((connection, connection.store().event_cursor().await?));
        }
        Ok(Self { marks })
    }

    /// Tells every event that comes in, and every change of one, until told to stop or `tell` wants no more. An event
    /// that changes between two looks is told once, as it is then.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn follow(
        mut self,
        stop: &CancellationToken,
        mut tell: impl FnMut(ConnectionEvent) -> ControlFlow<()>,
    ) -> Result<(), ServiceError> {
        while !stop.is_cancelled() {
            let mut more = false;
            for (connection, mark) in &mut self.marks {
                let (events, after) = connection.store().events_after(mark, PAGE).await?;
                *mark = after;
                more |= events.len() == PAGE as usize;
                for event in events {
                    if tell(ConnectionEvent { connection: connection.name().clone(), event }).is_break() {
                        return Ok(());
                    }
                }
            }
            if more {
                continue;
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        Ok(())
    }
}
