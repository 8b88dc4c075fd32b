//! Work items.

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::finding::Finding;
use crate::domain::inbox::{Subject, WorkItem, WorkKind};
use crate::domain::store_error::StoreError;

/// The work items, each claimed by one worker.
#[async_trait]
pub trait WorkQueue: Send + Sync {
    /// Queues a subject, as an event would.
    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError>;

    /// Claims due work items of a kind, oldest first. Other workers can't claim them before `now + lease`, unless they
    /// are completed, requeued, or failed first.
    async fn claim_work(
        &self,
        sort: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError>;

    /// Releases claims without counting an attempt.
    async fn release_work(&self, items: &[WorkItem]) -> Result<(), StoreError>;

    /// Releases the claims of a process that ended: work items, and requests without a run.
    async fn release_all_claims(&self) -> Result<(), StoreError>;

    /// Removes work items, unless newer events requeued them, and completes events without pending work. Returns the
    /// number of completed events.
    async fn complete_work(&self, items: &[WorkItem], now: Timestamp) -> Result<u64, StoreError>;

    /// Releases claims until a later time without counting an attempt.
    async fn postpone_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError>;

    /// Requeues work items for a later time, and counts the attempt.
    async fn requeue_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError>;

    /// Fails work items and their events.
    async fn fail_work(
        &self,
        items: &[WorkItem],
        failure: &Finding,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
