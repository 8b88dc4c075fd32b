//! Changes by the automatic fixes.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use sync_engine::{Finding, HookChange, Remedy};

/// A change by a fix. In JSON: `type`, and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Change {
    /// The state store was created or migrated.
    StoreMigrated {
        /// The path.
        path: String,
    },
    /// An object type was added.
    ObjectTypeAdded {
        /// The name.
        name: String,
    },
    /// Attributes were added.
    AttributesAdded {
        /// The number.
        attributes: u64,
    },
    /// An attribute was corrected with the Atlassian account.
    AttributeCorrected {
        /// The object type and name.
        name: String,
    },
    /// The event hook was changed.
    EventHook {
        /// The change.
        change: HookChange,
    },
}

/// A fix and its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Fix {
    /// The object of the fix.
    pub action: Cow<'static, str>,
    /// True if the fix succeeded.
    pub succeeded: bool,
    /// The changes, or the error, as text.
    pub message: String,
    /// The changes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub changes: Vec<Change>,
    /// The problems that remain.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub findings: Vec<Finding>,
    /// The action that resolves the error.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedy: Option<Remedy>,
}
