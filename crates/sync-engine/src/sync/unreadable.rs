//! Objects of the directory that could not be read while the others could.

use sync_model::{ObjectKind, RecordKey};

use crate::domain::checkpoint::SyncCheckpoint;
use crate::domain::error::EngineError;
use crate::domain::report::UnreadableObjects;
use crate::domain::unreadable_object::{UnreadableItem, UnreadableObject};
use crate::engine::active::ActiveRun;
use crate::sync::listing::Listings;

impl Listings {
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
}
