//! Facts of the site in memory.

use async_trait::async_trait;

use crate::domain::site_fact::SiteFact;
use crate::domain::store_error::StoreError;
use crate::ports::state::site_facts::SiteFacts;
use crate::testing::memory_store::MemoryStore;

#[async_trait]
impl SiteFacts for MemoryStore {
    async fn replace_site_facts(&self, facts: &[SiteFact]) -> Result<(), StoreError> {
        self.tables("replace_site_facts")?.site_facts = facts.to_vec();
        Ok(())
    }

    async fn site_facts(&self) -> Result<Vec<SiteFact>, StoreError> {
        Ok(self.tables("site_facts")?.site_facts.clone())
    }
}
