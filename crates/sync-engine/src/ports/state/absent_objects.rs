//! Objects that a reading proved to be absent.

use async_trait::async_trait;
use jiff::Timestamp;
use sync_model::{RecordKey, RunId};

use crate::domain::reading::Reading;
use crate::domain::store_error::StoreError;

/// Objects that were deleted, or out of scope, in a reading, while Assets didn't have them. Another open run may still send
/// an older reading, in which they exist.
#[async_trait]
pub trait AbsentObjects: Send + Sync {
    /// Stores that a reading of a run proved these objects to be absent. As soon as another run has sent an older reading
    /// of one, or if one has done so meanwhile, the object is queued. Nothing is stored when no other run is open, and
    /// everything is removed when the last one ends.
    async fn add_absent(
        &self,
        run: RunId,
        objects: &[RecordKey],
        reading: Reading,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}
