//! Facts that the self-test found.

use async_trait::async_trait;
use sync_engine::{SiteFact, SiteFacts, StoreError};

use crate::connection::ConnectionStore;
use crate::convert::{from_json, in_row, to_json};

#[async_trait]
impl SiteFacts for ConnectionStore {
    async fn replace_site_facts(&self, facts: &[SiteFact]) -> Result<(), StoreError> {
        const ACTION: &str = "store the facts of the site";
        let text = to_json(ACTION, &facts)?;
        sqlx::query("UPDATE connections SET site_facts = ?2 WHERE id = ?1")
            .bind(self.id)
            .bind(text)
            .execute(&self.writer)
            .await
            .map(drop)
            .map_err(|e| StoreError::new(ACTION, e))
    }

    async fn site_facts(&self) -> Result<Vec<SiteFact>, StoreError> {
        const ACTION: &str = "read the facts of the site";
        let text: String = sqlx::query_scalar("SELECT site_facts FROM connections WHERE id = ?1")
            .bind(self.id)
            .fetch_one(&self.pool)
            .await
            .map_err(|e| StoreError::new(ACTION, e))?;
        if text.is_empty() {
            return Ok(Vec::new());
        }
        in_row(|| "the facts of the site".to_owned(), || from_json(ACTION, &text))
    }
}
