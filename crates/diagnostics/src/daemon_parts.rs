//! The parts of a daemon that checks and fixes use while none runs.

use async_trait::async_trait;
use sync_config::{Config, ConnectionConfig};
use sync_engine::{Remedy, SchemaReport};

/// The parts of a daemon that checks and fixes use while none runs.
#[async_trait]
pub trait DaemonParts: Send + Sync {
    /// Starts an event hook receiver that stores deliveries. `None` when the store or the address is not to be had; a
    /// daemon may have both.
    async fn receive(&self, config: &Config) -> Option<Box<dyn TemporaryReceiver>>;

    /// Creates or extends the object schema and mapping of a connection, as *Setup* does.
    ///
    /// # Errors
    /// When the store, Okta, or Assets fails.
    async fn set_up_schema(
        &self,
        config: &Config,
        connection: &ConnectionConfig,
    ) -> Result<SchemaReport, FixFailed>;
}

/// A running event hook receiver.
#[async_trait]
pub trait TemporaryReceiver: Send {
    /// Stops it, and closes its store.
    async fn end(self: Box<Self>);
}

/// The error of a fix, as text.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct FixFailed {
    /// The error with its causes.
    pub message: String,
    /// The action that resolves it.
    pub remedy: Option<Remedy>,
}
