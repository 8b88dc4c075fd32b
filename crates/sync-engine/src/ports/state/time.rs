//! Order and time that survive a clock which is wrong.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use crate::domain::reading::Reading;
use crate::domain::store_error::StoreError;

/// The memory of order and time. No decision compares times of this machine's clock from before and after a step of it.
#[async_trait]
pub trait TimeState: Send + Sync {
    /// Numbers a reading of the directory. Must be called before it starts.
    async fn next_reading(&self, now: Timestamp) -> Result<Reading, StoreError>;

    /// The same for a run that only shows something: its number is that of the last reading, so that nothing is written.
    async fn last_reading(&self, now: Timestamp) -> Result<Reading, StoreError>;

    /// The directory's own time up to which everything was read and sent; `None` before that happened.
    async fn bookmark(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Stores it.
    async fn save_bookmark(&self, time: Timestamp) -> Result<(), StoreError>;

    /// The offset of this machine's clock ahead of the directory's at the last comparison, including later steps;
    /// `None` before the first comparison.
    async fn clock_offset(&self) -> Result<Option<SignedDuration>, StoreError>;

    /// Stores it.
    async fn save_clock_offset(&self, offset: SignedDuration) -> Result<(), StoreError>;

    /// Adjusts stored times to a clock that stepped: times in the past keep their age, a pause and a claim keep their
    /// remaining duration, no time stays impossibly in the future, and work that would become due in the distant future
    /// is due at once. Without a step, for a process that starts and doesn't know when its clock was set.
    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), StoreError>;
}
