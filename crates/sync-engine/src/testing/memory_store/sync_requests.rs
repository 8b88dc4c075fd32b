//! Sync requests in memory.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::RunId;

use crate::domain::inbox::{SyncRequest, SyncRequestProgress};
use crate::domain::store_error::StoreError;
use crate::ports::state::sync_requests::SyncRequests;
use crate::testing::memory_store::MemoryStore;
use crate::testing::memory_store::runs::summary;
use crate::testing::memory_store::tables::Requested;

#[async_trait]
impl SyncRequests for MemoryStore {
    async fn request_sync(
        &self,
        override_safeguards: bool,
        now: Timestamp,
    ) -> Result<SyncRequest, StoreError> {
        let mut tables = self.tables("request_sync")?;
        tables.last_request += 1;
        let request = SyncRequest { id: tables.last_request, override_safeguards, requested_at: now };
        tables.requests.insert(request.id, Requested { request, accepted: false, run: None });
        Ok(request)
    }

    async fn pending_request_at(&self, since: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        let tables = self.tables("pending_request_at")?;
        let is_pending = |asked: &&Requested| {
            asked.run.is_none() && (!asked.accepted || asked.request.requested_at >= since)
        };
        Ok(tables.requests.values().filter(is_pending).map(|asked| asked.request.requested_at).max())
    }

    async fn cancel_request(&self, request: i64) -> Result<bool, StoreError> {
        let mut tables = self.tables("cancel_request")?;
        let is_open = tables.requests.get(&request).is_some_and(|asked| !asked.accepted);
        Ok(is_open && tables.requests.remove(&request).is_some())
    }

    async fn accept_request(&self) -> Result<Option<SyncRequest>, StoreError> {
        let mut tables = self.tables("accept_request")?;
        let open = tables.requests.values_mut().find(|asked| !asked.accepted);
        Ok(open.map(|asked| {
            asked.accepted = true;
            asked.request
        }))
    }

    async fn attach_run(&self, request: i64, run: RunId) -> Result<(), StoreError> {
        let mut tables = self.tables("attach_run")?;
        if let Some(asked) = tables.requests.get_mut(&request) {
            asked.run = Some(run);
        }
        Ok(())
    }

    async fn sync_request(&self, request: i64) -> Result<Option<SyncRequestProgress>, StoreError> {
        let tables = self.tables("sync_request")?;
        let run = |id: RunId| tables.runs.get(&id).map(|run| summary(id, run));
        let asked = tables.requests.get(&request);
        Ok(asked.map(|asked| SyncRequestProgress { accepted: asked.accepted, run: asked.run.and_then(run) }))
    }
}
