//! Objects for display.

use async_trait::async_trait;
use sync_model::{ObjectKind, RecordKey};

use crate::domain::object_history::{ObjectHistory, RequestedObject, SearchHit, SearchHits};
use crate::domain::store_error::StoreError;

/// Objects for people who look for one: search, history, and state.
#[async_trait]
pub trait ObjectCatalog: Send + Sync {
    /// Objects with this ID, or with this text in their display name, ignoring case: confirmed and unconfirmed records.
    async fn find_objects(
        &self,
        text: &str,
        kind: Option<ObjectKind>,
        limit: u32,
    ) -> Result<SearchHits, StoreError>;

    /// Those of these objects that the store contains, in no order.
    async fn known_objects(&self, keys: &[RecordKey]) -> Result<Vec<SearchHit>, StoreError>;

    /// The stored history of an object; `None` without one.
    async fn object(&self, key: &RecordKey) -> Result<Option<ObjectHistory>, StoreError>;

    /// The states of objects that were [queued](crate::WorkQueue::enqueue), in the order of the keys.
    async fn requested_objects(&self, keys: &[RecordKey]) -> Result<Vec<RequestedObject>, StoreError>;
}
