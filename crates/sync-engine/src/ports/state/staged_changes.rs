//! Staged changes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sync_model::{ObjectKind, RecordKey, RunId};

use crate::domain::staged::{ChangeKind, StagedChange};
use crate::domain::store_error::StoreError;

/// The changes that a run will send.
#[async_trait]
pub trait StagedChanges: Send + Sync {
    /// Marks objects as listed, and stages the changed ones. Repeats replace.
    async fn stage(&self, run: RunId, seen: &[RecordKey], changes: &[StagedChange])
    -> Result<(), StoreError>;

    /// The number of staged records by kind and change. Records that another run has overtaken don't count, nor do
    /// unchanged rejected records: they are retried separately.
    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError>;

    /// The number of staged records that the target may lack, by kind: new, retired, marked for resend, or unconfirmed
    /// ones.
    async fn count_new(&self, run: RunId) -> Result<BTreeMap<ObjectKind, u64>, StoreError>;

    /// Staged records by key, after the given one. Those that [do not count](Self::staged_counts) are left out.
    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError>;
}
