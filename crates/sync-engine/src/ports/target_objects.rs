//! Objects in Assets one by one: operations that require an account and can't be imported.

use std::collections::HashMap;

use async_trait::async_trait;
use sync_model::{Record, RecordKey};

use crate::domain::error::PortError;
use crate::domain::stale_value::{ClearRequest, ClearResult};

/// Objects in Assets, found by what the directory calls them.
#[async_trait]
pub trait TargetObjects: Send + Sync {
    /// Clears values. Returns the results in the same order. Can be repeated.
    async fn clear(&self, objects: &[ClearRequest]) -> Result<Vec<ClearResult>, PortError>;

    /// The keys of these objects in Assets; missing objects are absent.
    async fn find(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Vec<String>>, PortError>;

    /// The records that Assets has unchanged: one object for each, with all values compared. Each comes with its
    /// referenced objects that Assets doesn't return. Absent are records that Assets doesn't return, for example
    /// because its index lags, and records with a different or incomparable value.
    ///
    /// # Errors
    /// When Assets can't be read.
    async fn stored(&self, records: &[Record]) -> Result<HashMap<RecordKey, Vec<RecordKey>>, PortError>;

    /// Deletes an object, and returns its key in Assets; nothing if it no longer existed.
    async fn delete(&self, key: &RecordKey) -> Result<Vec<String>, PortError>;
}
