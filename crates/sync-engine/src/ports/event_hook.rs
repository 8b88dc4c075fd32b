//! The event hook that *Setup* creates and *Verify* checks.

use async_trait::async_trait;

use crate::domain::error::PortError;
use crate::domain::hook_report::HookReport;

/// The event hook in the directory.
#[async_trait]
pub trait EventHook: Send + Sync {
    /// Creates or updates it, and verifies it.
    async fn ensure(&self) -> Result<HookReport, PortError>;

    /// Reads it and changes nothing.
    async fn inspect(&self) -> Result<HookReport, PortError>;
}
