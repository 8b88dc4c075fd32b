//! Okta's schemas beside what Assets has of them.

use insight_import_client::document::SchemaAndMapping;
use schema_mapper::{Mapping, MappingError, MappingOptions, OrgSchemas, TypeComparison};
use serde::{Deserialize, Serialize};
use sync_engine::{EngineError, PortError};
use sync_model::ConnectionName;

use crate::adapters::{assets_error, okta_error, org_schemas};
use crate::config::mapping_in_force;
use crate::connection::{assets_client, okta_client};
use crate::{ConfigError, ConnectionConfig, ServiceError};

/// Okta's schemas beside what Assets has of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaView {
    /// The connection.
    pub connection: ConnectionName,
    /// Whether something differs.
    pub has_differences: bool,
    /// The mapping that Okta's schemas call for, by its short name.
    pub mapping_version: String,
    /// The object types.
    pub types: Vec<TypeComparison>,
    /// What somebody may want to know of the mapping, without anything being wrong.
    pub notes: Vec<String>,
}

/// Both sides by the mapping that is in force, and by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaPreview {
    /// As it is.
    pub current: SchemaView,
    /// As it would be.
    pub proposed: SchemaView,
}

/// Reads both sides, and changes nothing.
///
/// # Errors
/// When the settings cannot work, a mapping cannot be made, or one of the two services fails.
pub async fn compare_schemas(connection: &ConnectionConfig) -> Result<SchemaView, ServiceError> {
    Sides::read(connection).await?.now(connection)
}

/// Reads both sides, and says what other choices would make of them. Changes nothing, and saves nothing.
///
/// # Errors
/// As [`compare_schemas`]; [`ServiceError::Config`] when the choices cannot be made.
pub async fn preview_schemas(
    connection: &ConnectionConfig,
    choices: &MappingOptions,
) -> Result<SchemaPreview, ServiceError> {
    let choices = mapping_in_force(&connection.name, choices.clone())?;
    let sides = Sides::read(connection).await?;
    let now = sides.now(connection)?;
    let then = sides.by(connection, &choices).map_err(|error| ConfigError::Value {
        key: format!("connections.{}", connection.name),
        problem: error.to_string(),
    })?;
    Ok(SchemaPreview { current: now, proposed: then })
}

/// What Okta defines, and what Assets has.
struct Sides {
    org: OrgSchemas,
    current: Option<SchemaAndMapping>,
}

impl Sides {
    async fn read(connection: &ConnectionConfig) -> Result<Self, ServiceError> {
        let failed = |error: PortError| ServiceError::from(EngineError::TargetSchema(error));
        let (okta, assets) = (okta_client(connection)?, assets_client(connection)?);
        let (org, current) = tokio::join!(org_schemas(&okta), assets.schema_and_mapping());
        let org = org.map_err(|e| failed(okta_error("the schemas of the Okta org could not be read", e)))?;
        let current = current
            .map_err(|e| failed(assets_error("the schema and mapping in Assets could not be read", e)))?;
        Ok(Self { org, current })
    }

    /// By the mapping that is in force.
    fn now(&self, connection: &ConnectionConfig) -> Result<SchemaView, ServiceError> {
        let failed = |e| EngineError::TargetSchema(PortError::new("the mapping cannot be made").caused_by(e));
        Ok(self.by(connection, &connection.mapping).map_err(failed)?)
    }

    fn by(
        &self,
        connection: &ConnectionConfig,
        options: &MappingOptions,
    ) -> Result<SchemaView, MappingError> {
        let mapping = Mapping::new(&self.org, options)?;
        let types = mapping.compare_attributes(&self.org, self.current.as_ref());
        Ok(SchemaView {
            connection: connection.name.clone(),
            has_differences: types.iter().any(TypeComparison::differs),
            mapping_version: mapping.version(),
            notes: mapping.warnings().iter().map(ToString::to_string).collect(),
            types,
        })
    }
}
