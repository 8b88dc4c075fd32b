//! The state of one connection: the trait, answered by the modules that know each part.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::{Sqlite, SqlitePool, Transaction};
use sync_engine::{
    Census, Change, InboxCounts, InboxEvent, Known, Look, OpenExecution, RunKind, RunReport, RunSummary,
    Staged, StateStore, StoreError,
};
use sync_model::{ExecutionId, GroupId, ObjectKind, Record, RecordKey, RunId, UserId};

use crate::{inbox, objects, runs, staging};

/// The state of one connection in a [`Store`](crate::Store).
#[derive(Debug, Clone)]
pub struct ConnectionStore {
    pub(crate) pool: SqlitePool,
    pub(crate) id: i64,
}

impl ConnectionStore {
    pub(crate) const fn new(pool: SqlitePool, id: i64) -> Self {
        Self { pool, id }
    }

    /// A transaction that takes the write lock at once, so that it waits for others instead of failing half way.
    pub(crate) async fn begin(
        &self,
        action: &'static str,
    ) -> Result<Transaction<'static, Sqlite>, StoreError> {
        self.pool.begin_with("BEGIN IMMEDIATE").await.map_err(|e| StoreError::new(action, e))
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

    async fn abandon_runs(&self, now: Timestamp) -> Result<(), StoreError> {
        runs::abandon(self, now).await
    }

    async fn runs(&self, limit: u32) -> Result<Vec<RunSummary>, StoreError> {
        runs::newest(self, limit).await
    }

    async fn known(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Known>, StoreError> {
        objects::known(self, keys).await
    }

    async fn confirmed(&self, key: &RecordKey) -> Result<Option<Record>, StoreError> {
        objects::confirmed(self, key).await
    }

    async fn census(&self) -> Result<BTreeMap<ObjectKind, Census>, StoreError> {
        objects::census(self).await
    }

    async fn referring_to(&self, kind: ObjectKind, value: &str) -> Result<Vec<RecordKey>, StoreError> {
        objects::referring_to(self, kind, value).await
    }

    async fn note_members(&self, run: RunId, group: &GroupId, users: &[UserId]) -> Result<(), StoreError> {
        staging::note_members(self, run, group, users).await
    }

    async fn noted_groups(
        &self,
        run: RunId,
        users: &[UserId],
    ) -> Result<HashMap<UserId, Vec<GroupId>>, StoreError> {
        staging::noted_groups(self, run, users).await
    }

    async fn stage(&self, run: RunId, seen: &[RecordKey], changes: &[Staged]) -> Result<(), StoreError> {
        staging::stage(self, run, seen, changes).await
    }

    async fn count_unseen(&self, run: RunId, kind: ObjectKind) -> Result<u64, StoreError> {
        objects::count_unseen(self, run, kind).await
    }

    async fn unseen(
        &self,
        run: RunId,
        kind: ObjectKind,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Record>, StoreError> {
        objects::unseen(self, run, kind, after, limit).await
    }

    async fn staged_counts(&self, run: RunId) -> Result<BTreeMap<(ObjectKind, Change), u64>, StoreError> {
        staging::counts(self, run).await
    }

    async fn staged(
        &self,
        run: RunId,
        after: Option<&RecordKey>,
        limit: u32,
    ) -> Result<Vec<Staged>, StoreError> {
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
        now: Timestamp,
    ) -> Result<(), StoreError> {
        objects::confirm(self, run, execution, kinds, now).await
    }

    async fn close_execution(&self, id: &ExecutionId) -> Result<(), StoreError> {
        runs::close_execution(self, id).await
    }

    async fn store_events(&self, events: &[InboxEvent], now: Timestamp) -> Result<u64, StoreError> {
        inbox::store(self, events, now).await
    }

    async fn due_looks(&self, limit: u32, now: Timestamp) -> Result<Vec<Look>, StoreError> {
        inbox::due(self, limit, now).await
    }

    async fn settle(&self, looks: &[Look], now: Timestamp) -> Result<(), StoreError> {
        inbox::settle(self, looks, now).await
    }

    async fn postpone(&self, looks: &[Look], until: Timestamp) -> Result<(), StoreError> {
        inbox::postpone(self, looks, until).await
    }

    async fn bury(&self, looks: &[Look], reason: &str, now: Timestamp) -> Result<(), StoreError> {
        inbox::bury(self, looks, reason, now).await
    }

    async fn inbox(&self) -> Result<InboxCounts, StoreError> {
        inbox::counts(self).await
    }
}
