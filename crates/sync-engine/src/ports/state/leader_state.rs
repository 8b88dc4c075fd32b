//! Messages between the leader and other processes.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::store_error::StoreError;

/// Messages between the leader and other processes: pauses, rate limits, and reports.
#[async_trait]
pub trait LeaderState: Send + Sync {
    /// Stops sending until a time: events are stored meanwhile. `None` ends the pause.
    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// Until when nothing is sent.
    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Stores the end of the delay by a rate limit in the leader; `None` without one.
    async fn save_held_until(&self, until: Option<Timestamp>) -> Result<(), StoreError>;

    /// The time that was [stored](Self::save_held_until), even if it is past.
    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError>;

    /// Stores what the leader reports to other processes, as text in its own format.
    async fn save_leader_report(&self, report: &str) -> Result<(), StoreError>;

    /// The text that was [saved](Self::save_leader_report).
    async fn leader_report(&self) -> Result<Option<String>, StoreError>;
}
