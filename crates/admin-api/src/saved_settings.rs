//! The settings saved in the console.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_config::{ConnectionSettings, SecretField};

#[cfg(feature = "openapi")]
use crate::settings_schema::settings_schema;

/// The saved settings of a connection, without the secrets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SavedSettings {
    /// The settings.
    #[cfg_attr(feature = "openapi", schema(schema_with = settings_schema))]
    pub settings: ConnectionSettings,
    /// The saved secrets.
    pub secrets: Vec<SecretField>,
    /// The time at which they were last saved.
    pub saved_at: Timestamp,
}
