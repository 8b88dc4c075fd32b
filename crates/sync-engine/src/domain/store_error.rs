//! Failures of the state store.

use std::error::Error as StdError;

/// The store could not complete the operation; nothing was stored in part.
#[derive(Debug, thiserror::Error)]
#[error("the state store could not {action}")]
pub struct StoreError {
    action: &'static str,
    #[source]
    source: Box<dyn StdError + Send + Sync>,
}

impl StoreError {
    /// An error with the failed action and its cause.
    pub fn new(action: &'static str, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self { action, source: source.into() }
    }
}
