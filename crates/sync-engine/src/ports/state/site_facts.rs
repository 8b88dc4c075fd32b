//! Facts of the site.

use async_trait::async_trait;

use crate::domain::site_fact::SiteFact;
use crate::domain::store_error::StoreError;

/// The facts that the self-test found.
#[async_trait]
pub trait SiteFacts: Send + Sync {
    /// Replaces all facts by those of a later test.
    async fn replace_site_facts(&self, facts: &[SiteFact]) -> Result<(), StoreError>;

    /// The facts of the last test, in its order; empty before the first one.
    async fn site_facts(&self) -> Result<Vec<SiteFact>, StoreError>;
}
