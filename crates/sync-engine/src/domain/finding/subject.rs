//! Subjects of findings, and the two services.

use serde::{Deserialize, Serialize};
use sync_model::RecordKey;

/// One of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Service {
    /// The Okta org.
    Okta,
    /// The Assets side.
    Assets,
}

/// The subject of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum FindingSubject {
    /// An object.
    Object {
        /// Its key.
        key: RecordKey,
    },
    /// An object type in Assets.
    ObjectType {
        /// The name.
        name: String,
    },
    /// An attribute in Assets.
    Attribute {
        /// The name of its object type.
        object_type: String,
        /// The name.
        name: String,
    },
    /// The event hook in Okta.
    EventHook {
        /// The URL that Okta delivers to.
        url: String,
    },
}
