//! The results of setup steps, as values.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::HookChange;
use sync_model::ObjectKind;

use crate::job::JobActivity;

/// A result of a setup step, or what the step will do. In JSON: `detail`, and its facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "detail", rename_all = "snake_case")]
pub enum StepDetail {
    /// The settings were saved in the console.
    Saved {
        /// The time.
        saved_at: Timestamp,
    },
    /// The configuration file manages the settings.
    ManagedByFile {
        /// The path.
        path: String,
    },
    /// The Okta org.
    OktaOrg {
        /// Its URL.
        url: String,
    },
    /// The URL that Okta delivers events to.
    DeliversTo {
        /// The URL.
        url: String,
    },
    /// The System Log is the only event source.
    SystemLogOnly,
    /// The job of the step is running.
    Running {
        /// Its activity.
        activity: JobActivity,
    },
    /// The step will create the object types, attributes, and mapping.
    WillCreateSchema,
    /// The step will create the event hook.
    WillCreateEventHook,
    /// The step will create no event hook, because none is configured.
    WillCreateNoEventHook,
    /// The import source has no object types and mapping.
    SchemaMissing,
    /// Attributes are missing in Assets.
    AttributesMissing {
        /// Those, as `type: attribute`.
        attributes: Vec<String>,
    },
    /// Okta has no event hook for the connection.
    EventHookMissing,
    /// The object schema exists.
    SchemaExists {
        /// The number of object types.
        object_types: u64,
        /// The number of attributes.
        attributes: u64,
        /// The version of the mapping.
        mapping_version: String,
    },
    /// The event hook exists.
    EventHookExists {
        /// The URL that it delivers to.
        url: String,
        /// The changes by *Setup*.
        changes: Vec<HookChange>,
    },
    /// The step will verify the schema, mapping, and event hook.
    WillVerify,
    /// They were verified.
    Verified {
        /// The time.
        verified_at: Timestamp,
    },
    /// The event hook is active, verified, and subscribed to all required event types.
    EventHookVerified {
        /// The URL that it delivers to.
        url: String,
    },
    /// Schema and mapping match; no event hook is configured.
    SchemaVerified,
    /// References accept any number of values.
    CardinalityUnlimited,
    /// The cardinality of attributes was corrected with the Atlassian account.
    CardinalityCorrected {
        /// Those, as `type: attribute`.
        attributes: Vec<String>,
    },
    /// The step will read all users, groups, and memberships.
    WillSync,
    /// A full sync is reading users, groups, and memberships.
    Syncing,
    /// A full sync starts when the active run ends.
    SyncRequested,
    /// The last full sync succeeded.
    LastFullSync {
        /// The time.
        synced_at: Timestamp,
    },
    /// Current objects in Assets.
    Objects {
        /// Their number by kind.
        current: BTreeMap<ObjectKind, u64>,
    },
}
