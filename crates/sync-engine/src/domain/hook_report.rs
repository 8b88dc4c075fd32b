//! The state of the event hook.

use serde::{Deserialize, Serialize};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;

/// A change by *Setup* to the event hook. In JSON: `change`, and its reasons.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "change", rename_all = "snake_case")]
pub enum HookChange {
    /// The event hook was created.
    Created,
    /// Its settings were replaced.
    Replaced {
        /// The reasons.
        reasons: Vec<Fact>,
    },
    /// The event hook was activated.
    Activated,
    /// Okta verified it.
    Verified,
}

/// The state of the event hook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HookReport {
    /// The directory's ID of the event hook; `None` if it doesn't exist.
    pub id: Option<String>,
    /// The URL that it delivers to, or should.
    pub url: String,
    /// The changes by *Setup*.
    pub changes: Vec<HookChange>,
    /// The problems.
    pub findings: Vec<Finding>,
}
