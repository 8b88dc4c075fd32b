//! Okta's schemas and the object schema in Assets, side by side.

use admin_api::{SchemaPreview, SchemaView, TypeComparison};
use connectors::{assets_error, findings, okta_error, org_schemas};
use insight_import_client::document::SchemaAndMapping;
use schema_mapper::{Mapping, MappingError, MappingOptions, OrgSchemas};
use sync_config::{ConfigError, ConnectionConfig, active_mapping_version, assets_client, okta_client};
use sync_engine::{EngineError, PortError};

use crate::error::ServiceError;

/// Reads both sides, and changes nothing.
///
/// # Errors
/// When the settings are invalid, a mapping can't be built, or one of the two services fails.
pub async fn compare_schemas(connection: &ConnectionConfig) -> Result<SchemaView, ServiceError> {
    Sides::read(connection).await?.now(connection)
}

/// Reads both sides, and computes the effect of other options. Changes nothing, and saves nothing.
///
/// # Errors
/// As [`compare_schemas`]; [`ServiceError::Config`] when the options are invalid.
pub async fn preview_schemas(
    connection: &ConnectionConfig,
    choices: &MappingOptions,
) -> Result<SchemaPreview, ServiceError> {
    let choices = active_mapping_version(&connection.name, choices.clone())?;
    let sides = Sides::read(connection).await?;
    let now = sides.now(connection)?;
    let then = sides.by(connection, &choices).map_err(|error| ConfigError::Value {
        key: format!("connections.{}", connection.name),
        problem: error.to_string(),
    })?;
    Ok(SchemaPreview { current: now, proposed: then })
}

/// The schemas of Okta and Assets.
struct Sides {
    org: OrgSchemas,
    current: Option<SchemaAndMapping>,
}

impl Sides {
    async fn read(connection: &ConnectionConfig) -> Result<Self, ServiceError> {
        let failed = |error: PortError| ServiceError::from(EngineError::TargetSchema(error));
        let (okta, assets) = (okta_client(connection)?, assets_client(connection)?);
        let (org, current) = tokio::join!(org_schemas(&okta), assets.schema_and_mapping());
        let org = org.map_err(|e| failed(okta_error("could not read the schemas of the Okta org", e)))?;
        let current = current
            .map_err(|e| failed(assets_error("could not read the schema and mapping in Assets", e)))?;
        Ok(Self { org, current })
    }

    /// By the mapping that is in force.
    fn now(&self, connection: &ConnectionConfig) -> Result<SchemaView, ServiceError> {
        let failed =
            |e| EngineError::TargetSchema(PortError::new("could not build the mapping").caused_by(e));
        Ok(self.by(connection, &connection.mapping).map_err(failed)?)
    }

    fn by(
        &self,
        connection: &ConnectionConfig,
        options: &MappingOptions,
    ) -> Result<SchemaView, MappingError> {
        let mapping = Mapping::new(&self.org, options)?.keeping_reference_form(self.current.as_ref());
        let types = mapping.compare_attributes(&self.org, self.current.as_ref());
        let types: Vec<TypeComparison> = types.into_iter().map(Into::into).collect();
        Ok(SchemaView {
            connection: connection.name.clone(),
            has_differences: types.iter().any(TypeComparison::differs),
            mapping_version: mapping.version(),
            notes: mapping.warnings().iter().map(findings::of_warning).collect(),
            types,
        })
    }
}
