//! Objects of the directory that could not be read while the others could.

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RecordKey};

use crate::fetched::Failure;
use crate::listing::note;
use crate::{ActiveRun, EngineError, MappingView, PortError, RunReport, SyncCheckpoint, engine::Engine};

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
        let failure = Failure { reason: crate::error_chain(&error), transient: error.is_transient() };
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

/// An item of a listing that could not be read. It exists, so it never counts as deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableItem {
    /// Its id, where that much can be read.
    pub id: Option<String>,
    /// The path of the invalid field; empty if it is unknown.
    pub field: String,
    /// The problem, without values.
    pub problem: String,
}

/// An object that a run couldn't read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnreadableObject {
    /// The kind.
    pub kind: ObjectKind,
    /// The ID; null if it is unreadable.
    pub id: Option<String>,
    /// The path of the invalid field; empty if it is unknown.
    pub field: String,
}

/// The objects that a run couldn't read; they remain unchanged in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UnreadableObjects {
    /// The number of items.
    pub count: u64,
    /// The first of them, at most [`RunReport::MAX_MESSAGES`].
    pub examples: Vec<UnreadableObject>,
}

impl UnreadableObjects {
    /// True if every object could be read.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A line about those that are not named.
    pub(crate) fn rest(&self) -> Option<String> {
        let rest = self.count.saturating_sub(self.examples.len() as u64);
        let objects = if rest == 1 { "1 more object".to_owned() } else { format!("{rest} more objects") };
        (rest > 0).then(|| format!("{objects} could not be read"))
    }

    /// Keeps at most the number that is left after other objects were read by ID.
    pub(crate) fn limit_to(&mut self, left: u64) {
        self.count = self.count.min(left);
        if left == 0 {
            self.examples.clear();
        }
    }

    pub(crate) fn add(&mut self, object: UnreadableObject) {
        if self.examples.contains(&object) {
            return;
        }
        self.count += 1;
        if self.examples.len() < RunReport::MAX_MESSAGES {
            self.examples.push(object);
        }
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
            let Some(id) = &item.id else {
                tracing::warn!(%kind, problem = item.problem, "could not read an item of a listing");
                note(&mut checkpoint.problems, format!("could not read a {kind}: {}", item.problem));
                checkpoint.unnamed += 1;
                let unnamed = RecordKey { kind, id: String::new() };
                self.ports.store.add_unread(run.id, &[unnamed]).await?;
                checkpoint.unreadable.add(UnreadableObject { kind, id: None, field: item.field.clone() });
                continue;
            };
            let key = RecordKey { kind, id: id.clone() };
            Self::name_unread(
                &key,
                &item.field,
                format!("could not read {key}: {}", item.problem),
                checkpoint,
            );
            keys.push(key);
        }
        self.ports.store.stage(run.id, &keys, &[]).await?;
        self.ports.store.add_unread(run.id, &keys).await?;
        Ok(keys)
    }

    /// Defers one object.
    pub(crate) async fn defer_one(
        &self,
        run: &ActiveRun,
        key: &RecordKey,
        field: &str,
        problem: String,
        checkpoint: &mut SyncCheckpoint,
    ) -> Result<(), EngineError> {
        Self::name_unread(key, field, problem, checkpoint);
        Ok(self.ports.store.add_unread(run.id, std::slice::from_ref(key)).await?)
    }

    fn name_unread(key: &RecordKey, field: &str, problem: String, checkpoint: &mut SyncCheckpoint) {
        tracing::warn!(object = %key, problem, "could not read an object");
        note(&mut checkpoint.problems, problem);
        checkpoint.unreadable.add(UnreadableObject {
            kind: key.kind,
            id: Some(key.id.clone()),
            field: field.to_owned(),
        });
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
        let since = directory.time().unwrap_or_else(|| self.now());
        directory.groups(Some(since), None).await.map(drop).map_err(|_| EngineError::Directory(error))
    }

    /// The objects that a run could not read, counted by the store: an interrupted run, or two listings, may name one
    /// twice.
    pub(crate) async fn unread(
        &self,
        run: &ActiveRun,
        checkpoint: &SyncCheckpoint,
    ) -> Result<UnreadableObjects, EngineError> {
        let count = checkpoint.unnamed + self.ports.store.count_unread(run.id).await?;
        Ok(UnreadableObjects { count, ..checkpoint.unreadable.clone() })
    }

    /// Completes events that failed or were blocked before a full sync, as far as it proves that it read their objects.
    pub(crate) async fn resolve_failed_events(
        &self,
        run: &ActiveRun,
        checkpoint: &SyncCheckpoint,
    ) -> Result<u64, EngineError> {
        let (store, unnamed) = (&self.ports.store, checkpoint.unnamed > 0);
        Ok(store.resolve_failed_events(run.id, checkpoint.reading, unnamed, self.now()).await?)
    }
}
