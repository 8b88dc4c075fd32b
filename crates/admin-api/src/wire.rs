//! Requests and responses of the admin API, without the views that pages and commands share; the daemon and its clients
//! both use these types.

use std::collections::BTreeMap;

use diagnostics::Pause;
use jiff::Timestamp;
use schema_mapper::MappingOptions;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use sync_config::{ConnectionSettings, ManagedBy, SecretField};
use sync_engine::{Event, MetricSample, Remedy, RunSummary, TaskStatus};
use sync_model::{ConnectionName, EventId};
use sync_store::AuditEntry;
use sync_store::access::{AccessToken, Role};

use crate::alert_entry::AlertEntry;
use crate::readiness::ConnectionReadiness;
use crate::saved_settings::SavedSettings;
#[cfg(feature = "openapi")]
use crate::settings_schema::settings_schema;
use crate::status::ConnectionStatus;
use crate::unavailable::Unavailable;
use crate::validation::FieldError;

#[cfg(feature = "openapi")]
fn secrets_schema() -> utoipa::openapi::schema::Object {
    use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
    let text = || {
        ObjectBuilder::new()
            .schema_type(SchemaType::from_iter([Type::String, Type::Null]))
            .write_only(true)
            .min_length(Some(1))
            .max_length(Some(MAX_SECRET))
    };
    let secrets = SecretField::ALL
        .into_iter()
        .fold(ObjectBuilder::new(), |secrets, field| secrets.property(field.as_str(), text()));
    secrets
        .description(Some("New secrets; null deletes one, and secrets that aren't named stay."))
        .additional_properties(Some(utoipa::openapi::schema::AdditionalProperties::FreeForm(false)))
        .build()
}

/// The largest length of a secret in characters.
pub const MAX_SECRET: usize = 16_384;

/// The largest number of objects that a plan of the daemon lists.
pub const MOST_PLANNED_OBJECTS: u32 = 200;

/// A connection of the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionView {
    /// The name.
    pub name: ConnectionName,
    /// The owner of the settings.
    pub managed_by: ManagedBy,
    /// The reason why the connection is unavailable; null if it is available.
    pub unavailable: Option<Unavailable>,
    /// The readiness, with the reasons if the connection isn't ready.
    pub health: Option<ConnectionReadiness>,
    /// The status; null if the connection is unavailable.
    pub status: Option<ConnectionStatus>,
    /// The settings saved in the console, without secrets; null if the configuration file manages the connection.
    pub saved_settings: Option<SavedSettings>,
}

/// The connections of the daemon.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Connections {
    /// The connections, sorted by name.
    pub connections: Vec<ConnectionView>,
}

/// The settings of a connection to be saved, or tried.
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct ConnectionDraftRequest {
    /// The settings.
    #[cfg_attr(feature = "openapi", schema(schema_with = settings_schema))]
    pub settings: ConnectionSettings,
    /// New secrets; `None` deletes one. Secrets that aren't named stay as they were saved.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(schema_with = secrets_schema, required = false))]
    pub secrets: BTreeMap<SecretField, Option<SecretString>>,
    /// True to save even if a check fails temporarily.
    #[serde(default)]
    pub ignore_check_failures: bool,
    /// True to save only if no connection has this name.
    #[serde(default)]
    pub create_only: bool,
}

/// A requested full sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SyncOptions {
    /// True to override safeguards.
    #[serde(default)]
    pub override_safeguards: bool,
    /// Resend all objects, including unchanged ones, to restore objects that were changed or deleted in Assets.
    #[serde(default)]
    pub resend: bool,
}

/// A requested self-test.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct SelfTestOptions {
    /// True to permit that the test objects remain in Assets, marked as deleted: only an Atlassian account can delete
    /// them.
    #[serde(default)]
    pub keep_objects: bool,
}

/// A requested full sync.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncRequestStatus {
    /// The ID of the request.
    pub id: i64,
    /// True if the leader accepted it.
    #[serde(default)]
    pub accepted: bool,
    /// Its run; null until it starts.
    pub run: Option<RunSummary>,
}

/// A requested pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct PauseOptions {
    /// The duration in seconds; null for a pause without an end.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 31_536_000))]
    pub seconds: Option<u32>,
}

/// The pause of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PauseStatus {
    /// The connection.
    pub connection: ConnectionName,
    /// The pause; null if the connection isn't paused.
    pub pause: Option<Pause>,
}

/// Runs of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Runs {
    /// The connection.
    pub connection: ConnectionName,
    /// The runs, newest first.
    pub runs: Vec<RunSummary>,
}

/// The background tasks of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConnectionTasks {
    /// The connection.
    pub connection: ConnectionName,
    /// The tasks, in the order of their start.
    pub tasks: Vec<TaskStatus>,
}

/// The background tasks of the daemon that belong to no connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct DaemonTasks {
    /// The tasks, in the order of their start.
    pub tasks: Vec<TaskStatus>,
}

/// The alerts of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Alerts {
    /// The connection.
    pub connection: ConnectionName,
    /// Firing alerts, then recently resolved ones, newest first.
    pub alerts: Vec<AlertEntry>,
}

/// Events of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Events {
    /// The connection.
    pub connection: ConnectionName,
    /// The events, newest first.
    pub events: Vec<Event>,
}

/// Events to replay.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Replay {
    /// The IDs.
    #[cfg_attr(feature = "openapi", schema(min_items = 1, max_items = 1000))]
    pub ids: Vec<EventId>,
}

/// Mapping options to preview.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct MappingPreviewRequest {
    /// All options: an omitted one has its default.
    #[cfg_attr(feature = "openapi", schema(schema_with = mapping_schema))]
    pub mapping: MappingOptions,
}

/// A part of the JSON Schema that the settings have anyway.
#[cfg(feature = "openapi")]
fn mapping_schema() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    utoipa::openapi::Ref::from_schema_name("MappingOptions").into()
}

/// The metric samples of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct MetricSamples {
    /// The connection.
    pub connection: ConnectionName,
    /// The start.
    pub since: Timestamp,
    /// The samples, oldest first. There are no samples for the time when no daemon ran.
    pub samples: Vec<MetricSample>,
}

/// Access tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Tokens {
    /// All tokens, sorted by ID.
    pub tokens: Vec<AccessToken>,
}

/// Entries of the audit log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditEntries {
    /// Newest first.
    pub entries: Vec<AuditEntry>,
}

/// A token to create.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct NewToken {
    /// The name, in one line; neither a number nor a token.
    #[cfg_attr(feature = "openapi", schema(min_length = 1, max_length = 100))]
    pub name: String,
    /// The role.
    pub role: Role,
    /// The number of days until the token expires; null if it doesn't expire.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 3650))]
    pub expires_in_days: Option<u32>,
}

/// The new expiration of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct RenewToken {
    /// The number of days from now until the token expires; null if it doesn't expire.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(minimum = 1, maximum = 3650))]
    pub expires_in_days: Option<u32>,
}

/// A created token.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct CreatedToken {
    /// The token itself, returned only once.
    #[serde(serialize_with = "serialize_secret")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub token: SecretString,
    /// The stored token.
    pub entry: AccessToken,
}

/// Serializes the one secret that is returned to its requester.
fn serialize_secret<S: serde::Serializer>(secret: &SecretString, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose_secret())
}

/// The running version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Version {
    /// The name of the product.
    pub product: String,
    /// Its version.
    pub version: String,
}

/// The default of a problem document without a type.
fn some_kind() -> String {
    "about:blank".to_owned()
}

/// The reason of a failed request: a problem document (RFC 9457).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// The problem type, as a stable URI.
    #[serde(rename = "type", default = "some_kind")]
    pub kind: String,
    /// The problem type as text.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// The failure and its subject.
    pub detail: String,
    /// The remedy, as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The action that resolves it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "openapi", schema(no_recursion))]
    pub remedy: Option<Remedy>,
    /// The invalid settings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}
