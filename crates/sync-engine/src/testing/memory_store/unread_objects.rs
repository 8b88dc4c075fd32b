//! Objects that a run could not read, in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{GroupId, ObjectKind, RecordKey, RunId};

use crate::domain::inbox::{Subject, WorkItem};
use crate::domain::run_kind::RunKind;
use crate::domain::store_error::StoreError;
use crate::ports::state::unread_objects::UnreadObjects;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::tables::{Tables, subject_of};

#[async_trait]
impl UnreadObjects for MemoryStore {
    async fn add_unread(&self, run: RunId, objects: &[RecordKey]) -> Result<(), StoreError> {
        let mut tables = self.tables("add_unread")?;
        tables.listed.entry(run).or_default().extend(objects.iter().map(|key| (key.clone(), true)));
        Ok(())
    }

    async fn count_unread(&self, run: RunId) -> Result<u64, StoreError> {
        Ok(self.tables("count_unread")?.unread(run).filter(|key| !key.id.is_empty()).count() as u64)
    }

    async fn enqueue_unread(&self, run: RunId, now: Timestamp) -> Result<(), StoreError> {
        let mut tables = self.tables("enqueue_unread")?;
        let unread: Vec<RecordKey> = tables.unread(run).cloned().collect();
        for key in unread {
            tables.unreadable.insert(key.clone());
            if key.id.is_empty() {
                continue;
            }
            let members =
                (key.kind == ObjectKind::Group).then(|| Subject::GroupMembers(GroupId::new(key.id.clone())));
            for subject in subject_of(&key).into_iter().chain(members) {
                tables.enqueue(&subject, None, false, now);
            }
        }
        Ok(())
    }
}

impl Tables {
    /// The objects that a run could not read.
    pub(super) fn unread(&self, run: RunId) -> impl Iterator<Item = &RecordKey> {
        let listed = self.listed.get(&run).into_iter().flatten();
        listed.filter(|(_, is_unread)| **is_unread).map(|(key, _)| key)
    }

    /// Removes the unreadable objects that an ending run has read.
    pub(super) fn read_by_run(&mut self, run: RunId) {
        let Some(kind) = self.runs.get(&run).map(|run| run.kind) else { return };
        let listed = self.listed.get(&run).cloned().unwrap_or_default();
        self.unreadable.retain(|key| match kind {
            RunKind::FullSync => listed.get(key) == Some(&true),
            RunKind::TargetedSync => key.kind != ObjectKind::User || listed.get(key) != Some(&false),
            _ => true,
        });
    }

    /// Removes the unreadable objects of completed work items that no other work item requests.
    pub(super) fn read_by_work(&mut self, items: &[WorkItem]) {
        for item in items {
            let key = match &item.subject {
                Subject::User(id) => RecordKey::user(id),
                Subject::Group(id) | Subject::GroupMembers(id) => RecordKey::group(id),
                _ => continue,
            };
            let is_of = |subject: &Subject| match subject {
                Subject::User(id) => RecordKey::user(id) == key,
                Subject::Group(id) | Subject::GroupMembers(id) => RecordKey::group(id) == key,
                _ => false,
            };
            if self.work.iter().all(|work| !is_of(&work.item.subject)) {
                self.unreadable.remove(&key);
            }
        }
    }
}
