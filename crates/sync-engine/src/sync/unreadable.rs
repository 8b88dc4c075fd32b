//! Objects of the directory that could not be read while the others could.

use sync_model::{ObjectKind, RecordKey};

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::error::{EngineError, PortError, error_chain};
use crate::domain::report::UnreadableObjects;
use crate::domain::unreadable_object::{UnreadableItem, UnreadableObject};
use crate::engine::Engine;
use crate::engine::active::ActiveRun;
use crate::ports::view::MappingView;
use crate::sync::fetched::Failure;

/// The most objects that a stage leaves for failures that any object can meet; with more the objects are not at fault.
const MOST_LEFT: usize = 50;

/// Reads of single objects in a stage. One that fails is left for later; where none gets through, it is an outage.
#[derive(Default)]
pub(crate) struct SingleReads {
    left: usize,
    /// The first failure since the last response that concerns any object.
    unanswered: Option<PortError>,
}

impl SingleReads {
    pub(crate) fn answered(&mut self) {
        self.unanswered = None;
    }

    /// Defers an object.
    ///
    /// # Errors
    /// The failure, if it says nothing about the object.
    pub(crate) fn defer(&mut self, error: EngineError) -> Result<Failure, EngineError> {
        let EngineError::Directory(error) = error else { return Err(error) };
        let failure = Failure { reason: error_chain(&error), transient: error.is_transient() };
        if !error.is_single_record() {
            self.left += 1;
            if self.left > MOST_LEFT {
                return Err(EngineError::Directory(error));
            }
            self.unanswered.get_or_insert(error);
        }
        Ok(failure)
    }
}

impl Engine {
    /// Defers the unreadable items of a page: they aren't missing, and are read by ID later.
    pub(crate) async fn defer_unreadable(
        &self,
        run: &ActiveRun,
        kind: ObjectKind,
        items: &[UnreadableItem],
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<Vec<RecordKey>, EngineError> {
        let mut keys = Vec::new();
        for item in items {
            let UnreadableItem { id, field, error } = item.clone();
            let object = UnreadableObject { kind, id, field, error };
            if let Some(key) = object.key() {
                keys.push(key);
            } else {
                checkpoint.unnamed += 1;
                let unnamed = RecordKey { kind, id: String::new() };
                self.context.store().add_unread(run.id, &[unnamed]).await?;
            }
            checkpoint.unreadable.add(object);
        }
        self.context.store().stage(run.id, &keys, &[]).await?;
        self.context.store().add_unread(run.id, &keys).await?;
        Ok(keys)
    }

    /// Defers one object.
    pub(crate) async fn defer_one(
        &self,
        run: &ActiveRun,
        object: UnreadableObject,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        let key = object.key();
        checkpoint.unreadable.add(object);
        Ok(self.context.store().add_unread(run.id, key.as_slice()).await?)
    }

    /// Proves that the directory still responds after the last reads of single objects failed.
    ///
    /// # Errors
    /// The failure of those reads, if the directory doesn't respond.
    pub(crate) async fn prove_answers(
        &self,
        view: &MappingView,
        reads: SingleReads,
    ) -> Result<(), EngineError> {
        let Some(error) = reads.unanswered else { return Ok(()) };
        let directory = &view.directory;
        // The smallest listing.
        let since = directory.time().unwrap_or_else(|| self.context.now());
        directory.groups(Some(since), None).await.map(drop).map_err(|_| EngineError::Directory(error))
    }

    /// The objects that a run could not read, counted by the store: an interrupted run, or two listings, may name one
    /// twice.
    pub(crate) async fn unread(
        &self,
        run: &ActiveRun,
        checkpoint: &SyncCheckpoint,
    ) -> Result<UnreadableObjects, EngineError> {
        let count = checkpoint.unnamed + self.context.store().count_unread(run.id).await?;
        Ok(UnreadableObjects { count, ..checkpoint.unreadable.clone() })
    }

    /// Completes events that failed or were blocked before a full sync, as far as it proves that it read their objects.
    pub(crate) async fn resolve_failed_events(
        &self,
        run: &ActiveRun,
        checkpoint: &SyncCheckpoint,
    ) -> Result<u64, EngineError> {
        let (store, unnamed) = (self.context.store(), checkpoint.unnamed > 0);
        Ok(store.resolve_failed_events(run.id, checkpoint.reading, unnamed, self.context.now()).await?)
    }
}
