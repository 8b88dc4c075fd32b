//! The state of one connection: the trait, implemented by the modules of its parts.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, SqlitePool, Transaction};
use sync_engine::{
    AliasUse, ChangeKind, EventQueueCounts, FeedCheckpoint, LastRun, NewEvent, ObjectCounts, OpenExecution,
    Owner, RecordState, RejectedRecord, RunFilter, RunKind, RunReport, RunSummary, StagedChange, StateStore,
    StoreError, Subject, SyncCheckpoint, SyncRequest, SyncRequestProgress, UnconfirmedRecord, WorkItem,
    WorkKind,
};
use sync_model::{ExecutionId, GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use crate::Store;
use crate::deliveries::{self, Deliveries};
use crate::{
    aliases, checkpoints, event_queue, objects, runs, staging, sync_requests, unconfirmed, work_queue,
};

/// The state of one connection in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct ConnectionStore {
    /// For reading.
    pub(crate) pool: SqlitePool,
    /// For writing: its one connection is waited for in turn.
    pub(crate) writer: SqlitePool,
    /// For all connections in the file, because they are stored together.
    pub(crate) deliveries: Arc<Deliveries>,
    /// True if an object may have been unblocked since [`SafeguardState::requeue_unblocked`] ran.
    ///
    /// [`SafeguardState::requeue_unblocked`]: sync_engine::SafeguardState::requeue_unblocked
    pub(crate) unblocked: Arc<AtomicBool>,
    pub(crate) id: i64,
}

impl ConnectionStore {
    pub(crate) fn new(store: &Store, id: i64) -> Self {
        let Store { pool, writer, deliveries, .. } = store.clone();
        Self { pool, writer, deliveries, unblocked: Arc::new(AtomicBool::new(true)), id }
    }

    /// A transaction that acquires the write lock immediately, so that it waits for other processes instead of failing
    /// halfway.
    pub(crate) async fn begin(
        &self,
        action: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(|e| StoreError::new(action, e))
    }
}

#[async_trait]
impl StateStore for ConnectionStore {
    async fn begin_run(&self, kind: RunKind, now: Timestamp) -> Result<RunId, StoreError> {
        runs::begin(self, kind, now).await
    }

    async fn end_run(&self, run: RunId, report: &RunReport, now: Timestamp) -> Result<(), StoreError> {
        runs::end(self, run, report, now).await
    }

    async fn save_checkpoint(&self, run: RunId, checkpoint: &SyncCheckpoint) -> Result<(), StoreError> {
        checkpoints::save(self, run, checkpoint).await
    }

    async fn resumable_checkpoint(&self) -> Result<Option<(RunId, SyncCheckpoint)>, StoreError> {
        checkpoints::resumable(self).await
    }

    async fn mark_runs_interrupted(&self, now: Timestamp) -> Result<(), StoreError> {
        runs::mark_interrupted(self, now).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        runs::find(self, &RunFilter { limit, ..RunFilter::default() }).await
    }

    async fn last_run(&self, kind: RunKind) -> Result<LastRun, StoreError> {
        runs::last(self, kind).await
    }

    async fn record_states(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, RecordState>, StoreError> {
        objects::states(self, keys).await
    }

    async fn confirmed_record(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        objects::confirmed_record(self, key).await
    }

    async fn confirmed_records(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Record>, StoreError> {
        objects::confirmed_records(self, keys).await
    }

    async fn object_counts(&self) -> Result<BTreeMap<ObjectKind, ObjectCounts>, StoreError> {
        objects::counts(self).await
    }

    async fn referrers(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError> {
        objects::referrers(self, kind, value).await
    }

    async fn count_referrers(&self, kind: ObjectKind, value: &str) -> Result<u64, StoreError> {
        objects::count_referrers(self, kind, value).await
    }

    async fn add_listed_groups(&self, run: RunId, groups: &[GroupId]) -> Result<(), StoreError> {
        checkpoints::add_listed_groups(self, run, groups).await
    }

    async fn groups_to_list(&self, run: RunId, limit: u32) -> Result<Vec<GroupId>, StoreError> {
        checkpoints::to_list(self, run, limit).await
    }

    async fn count_listed_groups(&self, run: RunId) -> Result<u64, StoreError> {
        checkpoints::count_listed_groups(self, run).await
    }

    async fn mark_group_listed(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        checkpoints::mark_group_listed(self, run, group).await
    }

    async fn drop_listed_members(&self, run: RunId, group: &GroupId) -> Result<(), StoreError> {
        checkpoints::drop_listed_members(self, run, group).await
    }

    async fn drop_partial_listings(&self, run: RunId) -> Result<(), StoreError> {
        checkpoints::drop_partial_listings(self, run).await
    }

    async fn listed_groups(&self, run: RunId, of: &[GroupId]) -> Result<HashSet<GroupId>, StoreError> {
        checkpoints::listed_groups(self, run, of).await
    }

    async fn membership_differences(
        &self,
        run: RunId,
        after: Option<&UserId>,
        limit: u32,
    ) -> Result<Vec<UserId>, StoreError> {
        checkpoints::membership_differences(self, run, after, limit).await
    }

    async fn add_listed_members(
        &self,
        run: RunId,
        group: &GroupId,
        users: &[UserId],
    ) -> Result<(), StoreError> {
        staging::add_listed_members(self, run, group, users).await
    }

    async fn listed_groups_of(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        staging::listed_groups_of(self, run, users).await
    }

    async fn stage(
        &self,
        run: RunId,
        seen: &[RecordKey],
        changes: &[StagedChange],
    ) -> Result<(), StoreError> {
        staging::stage(self, run, seen, changes).await
    }

    async fn alias_owners(
        &self,
        run: RunId,
        kind: ObjectKind,
        aliases: &[String],
    ) -> Result<HashMap<String, Vec<Owner>>, StoreError> {
        aliases::owners(self, run, kind, aliases).await
    }

    async fn alias_uses(
        &self,
        run: RunId,
        everything: bool,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<AliasUse>, StoreError> {
        aliases::uses(self, run, everything, after, limit).await
    }

    async fn as_staged_by(&self, run: RunId, keys: &[RecordKey]) -> Result<Vec<StagedChange>, StoreError> {
        aliases::as_staged_by(self, run, keys).await
    }

    async fn count_unlisted(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError> {
        objects::count_unlisted(self, run, kind).await
    }

    async fn unlisted(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        objects::unlisted(self, run, kind, after, limit).await
    }

    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, ChangeKind), u64>, StoreError> {
        staging::counts(self, run).await
    }

    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<StagedChange>, StoreError> {
        staging::page(self, run, after, limit).await
    }

    async fn open_execution(&self, run: RunId, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        runs::open_execution(self, run, id, now).await
    }

    async fn open_executions(&self) -> Result<Vec<OpenExecution>, StoreError> {
        runs::open_executions(self).await
    }

    async fn confirm(
        &self,
        run: RunId,
        execution: &ExecutionId,
        kinds: &[ObjectKind],
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        objects::close(self, run, execution, Some(kinds), reason, now).await
    }

    async fn prove(&self, run: RunId, keys: &[RecordKey]) -> Result<(), StoreError> {
        objects::prove(self, run, keys).await
    }

    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError> {
        unconfirmed::reject(self, run, records, now).await
    }

    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        unconfirmed::isolate(self, run, dropped, said, now).await
    }

    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError> {
        unconfirmed::stage(self, run, now).await
    }

    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError> {
        unconfirmed::next(self).await
    }

    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError> {
        unconfirmed::list(self, None, limit).await
    }

    async fn close_execution(&self, id: &ExecutionId, now: Timestamp) -> Result<(), StoreError> {
        runs::close_execution(self, id, now).await
    }

    async fn close_execution_as_unknown(
        &self,
        run: RunId,
        id: &ExecutionId,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        objects::close(self, run, id, None, reason, now).await
    }

    async fn store_events(&self, events: &[NewEvent], now: Timestamp) -> Result<u64, StoreError> {
        deliveries::store(self, None, events, now).await
    }

    async fn store_delivery(
        &self,
        delivery: &str,
        events: &[NewEvent],
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        deliveries::store(self, Some(delivery), events, now).await
    }

    async fn feed_checkpoint(&self) -> Result<Option<FeedCheckpoint>, StoreError> {
        event_queue::feed_checkpoint(self).await
    }

    async fn store_feed_page(
        &self,
        events: &[NewEvent],
        state: &FeedCheckpoint,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        event_queue::store_feed_page(self, events, state, now).await
    }

    async fn enqueue(&self, subject: &Subject, now: Timestamp) -> Result<(), StoreError> {
        event_queue::enqueue(self, subject, now).await
    }

    async fn claim_work(
        &self,
        kind: WorkKind,
        limit: u32,
        now: Timestamp,
        lease: Duration,
    ) -> Result<Vec<WorkItem>, StoreError> {
        work_queue::claim(self, kind, limit, now, lease).await
    }

    async fn release_work(&self, items: &[WorkItem]) -> Result<(), StoreError> {
        work_queue::release(self, items).await
    }

    async fn release_all_claims(&self) -> Result<(), StoreError> {
        work_queue::release_all(self).await
    }

    async fn complete_work(&self, items: &[WorkItem], now: Timestamp) -> Result<u64, StoreError> {
        work_queue::complete(self, items, now).await
    }

    async fn requeue_work(&self, items: &[WorkItem], until: Timestamp) -> Result<(), StoreError> {
        work_queue::requeue(self, items, until).await
    }

    async fn fail_work(&self, items: &[WorkItem], reason: &str, now: Timestamp) -> Result<(), StoreError> {
        work_queue::fail(self, items, reason, now).await
    }

    async fn event_queue_counts(&self) -> Result<EventQueueCounts, StoreError> {
        event_queue::counts(self).await
    }

    async fn delete_expired(&self, before: Timestamp) -> Result<(), StoreError> {
        event_queue::delete_expired(self, before).await
    }

    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        sync_requests::pending_at(self, since).await
    }

    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError> {
        sync_requests::create(self, override_safeguards, now).await
    }

    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError> {
        sync_requests::cancel(self, request).await
    }

    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError> {
        sync_requests::accept(self).await
    }

    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError> {
        sync_requests::attach_run(self, request, run).await
    }

    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError> {
        sync_requests::progress(self, request).await
    }

    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        sync_requests::pause(self, until).await
    }

    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError> {
        sync_requests::paused_until(self).await
    }
}
