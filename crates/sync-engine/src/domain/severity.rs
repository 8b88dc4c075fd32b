//! Severities of findings.

use serde::{Deserialize, Serialize};

/// The severity of a problem, in ascending order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Nothing has to be done.
    Info,
    /// Retries may resolve it.
    Warning,
    /// An administrator has to act.
    Error,
}
