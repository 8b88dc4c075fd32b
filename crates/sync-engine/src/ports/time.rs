//! Order and time that survive a clock which is wrong.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::{Reading, StoreError};

/// The memory of order and time. No decision compares times of this machine's clock from before and after a step of it.
#[async_trait]
pub trait TimeState: Send + Sync {
    /// Numbers a reading of the directory. To be called before it begins.
    async fn next_reading(&self, now: Timestamp) -> Result<Reading, StoreError>;

    /// The same for a run that only shows something: its number is that of the last reading, so that nothing is written.
    async fn last_reading(&self, now: Timestamp) -> Result<Reading, StoreError>;

    /// The directory's own time up to which everything was read and sent; `None` before that happened.
    async fn bookmark(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Remembers it.
    async fn save_bookmark(&self, time: Timestamp) -> Result<(), StoreError>;

    /// The time by which this machine's clock was ahead of the directory's when it was compared last, steps since then
    /// included; `None` before that.
    async fn clock_offset(&self) -> Result<Option<SignedDuration>, StoreError>;

    /// Remembers it.
    async fn save_clock_offset(&self, offset: SignedDuration) -> Result<(), StoreError>;

    /// Has stored times follow a clock that stepped: what is known since a time keeps its age, a pause and a claim keep what
    /// is left of them, no time stays in the future that cannot be there, and what would come due in a time that is now far
    /// away is due at once. Without a step, for a process that begins and does not know when its clock was set.
    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), StoreError>;
}
