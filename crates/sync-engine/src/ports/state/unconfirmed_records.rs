//! Unconfirmed records.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{ObjectKind, RunId};

use crate::domain::import::RejectedRecord;
use crate::domain::record_state::UnconfirmedRecord;
use crate::domain::store_error::StoreError;

/// The records that were sent without confirmation, until they are confirmed.
#[async_trait]
pub trait UnconfirmedRecords: Send + Sync {
    /// Removes staged records that the importer rejects from a run: they are unconfirmed, rejected, and resent alone.
    async fn reject(&self, run: RunId, records: &[RejectedRecord], now: Timestamp) -> Result<(), StoreError>;

    /// Separates suspects from good records among the records that a run sent last and that were not
    /// [confirmed](crate::Executions::confirm). `dropped` has, for each kind, the number of dropped records, or `None` if it is
    /// unknown; records that `said` names are suspects.
    async fn isolate(
        &self,
        run: RunId,
        dropped: &BTreeMap<ObjectKind, Option<u64>>,
        said: &str,
        now: Timestamp,
    ) -> Result<(), StoreError>;

    /// Stages unconfirmed records that are due, unchanged: for each kind, those that are assumed to be good, together
    /// with half of the suspects; suspects alone once nothing else is due. Returns the number.
    async fn stage_retries(&self, run: RunId, now: Timestamp) -> Result<u64, StoreError>;

    /// When the next of them is due.
    async fn next_retry(&self) -> Result<Option<Timestamp>, StoreError>;

    /// The records that Assets did not account for, those that failed most often first.
    async fn unconfirmed(&self, limit: u32) -> Result<Vec<UnconfirmedRecord>, StoreError>;
}
