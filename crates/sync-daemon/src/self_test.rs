//! The self-test of a connection, and its facts.

use admin_api::wire::SelfTestOptions;
use sync_engine::{SelfTestReport, SiteFact};
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;

impl Connection {
    /// Imports test objects and reads them back, to learn how the site treats imports. Stores the facts.
    ///
    /// # Errors
    /// When the connection is paused, and as [`Engine::self_test`](sync_engine::Engine::self_test).
    pub async fn self_test(
        &self,
        options: SelfTestOptions,
        stop: &CancellationToken,
    ) -> Result<SelfTestReport, ServiceError> {
        self.require_unpaused().await?;
        Ok(self.engine().self_test(options.keep_objects, stop).await?)
    }

    /// The facts that the last self-test found, if it tested the present import source.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn site_facts(&self) -> Result<Vec<SiteFact>, ServiceError> {
        let present = self.store().place().await?.and_then(|place| place.import_source);
        let mut facts = self.store().site_facts().await?;
        facts.retain(|fact| present.as_ref().is_none_or(|source| *source == fact.import_source));
        Ok(facts)
    }
}
