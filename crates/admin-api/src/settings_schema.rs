//! The schema of the settings in the OpenAPI document.

use sync_config::ConnectionSettings;

/// The name of the schema of [`ConnectionSettings`] in the OpenAPI document: the JSON Schema of the settings.
pub const SETTINGS_SCHEMA: &str = "ConnectionSettings";

#[cfg(feature = "openapi")]
pub(crate) fn settings_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::Ref::from_schema_name(SETTINGS_SCHEMA).into()
}

/// The JSON Schema of [`ConnectionSettings`], with what it refers to in `$defs`.
pub fn settings_json_schema() -> serde_json::Value {
    schemars::schema_for!(ConnectionSettings).to_value()
}
