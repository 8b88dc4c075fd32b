//! The results of all checks of a connection.

use serde::{Deserialize, Serialize};
use sync_model::ConnectionName;

use crate::change::Fix;
use crate::check::{Check, CheckStatus};

/// The results of one connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CheckReport {
    /// The name.
    pub connection: ConnectionName,
    /// True if no check failed; warnings are allowed.
    pub passed: bool,
    /// All checks, always in the same order.
    pub checks: Vec<Check>,
    /// The fixes that were applied first, or that failed.
    pub fixes: Vec<Fix>,
}

impl CheckReport {
    /// The number of checks with a status.
    pub fn count(&self, state: CheckStatus) -> usize {
        self.checks.iter().filter(|check| check.status == state).count()
    }
}
