//! Messages between the leader and other processes, in memory.

use async_trait::async_trait;
use jiff::Timestamp;

use crate::domain::store_error::StoreError;
use crate::ports::state::leader_state::LeaderState;
use crate::testing::memory_store::MemoryStore;

#[async_trait]
impl LeaderState for MemoryStore {
    async fn pause(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.tables("pause")?.paused_until = until;
        Ok(())
    }

    async fn paused_until(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables("paused_until")?.paused_until)
    }

    async fn save_held_until(&self, until: Option<Timestamp>) -> Result<(), StoreError> {
        self.tables("save_held_until")?.held_until = until;
        Ok(())
    }

    async fn held_until(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables("held_until")?.held_until)
    }

    async fn save_leader_report(&self, report: &str) -> Result<(), StoreError> {
        self.tables("save_leader_report")?.leader_report = Some(report.to_owned());
        Ok(())
    }

    async fn leader_report(&self) -> Result<Option<String>, StoreError> {
        Ok(self.tables("leader_report")?.leader_report.clone())
    }
}
