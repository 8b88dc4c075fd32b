//! Okta's schemas and the object schema in Assets, side by side.

use insight_import_client::document::SchemaAndMapping;
use schema_mapper::{
    AssetsAttribute, AttributeState, Mapping, MappingError, MappingOptions, OktaAttribute, OrgSchemas,
};
use serde::{Deserialize, Serialize};
use sync_engine::{EngineError, Finding, PortError};
use sync_model::{ConnectionName, ObjectKind};

use crate::adapters::{assets_error, findings, okta_error, org_schemas};
use crate::config::active_mapping_version;
use crate::connection::{assets_client, okta_client};
use crate::{ConfigError, ConnectionConfig, ServiceError};

/// An attribute in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AttributeComparison {
    /// The attribute in Okta; `None` if it isn't part of a profile, such as the status.
    pub okta: Option<OktaAttribute>,
    /// The attribute in Assets, as it is or will be created; `None` if it is excluded.
    pub assets: Option<AssetsAttribute>,
    /// The state.
    pub state: AttributeState,
    /// The schema drift.
    pub differences: Vec<Finding>,
}

impl From<schema_mapper::AttributeComparison> for AttributeComparison {
    fn from(compared: schema_mapper::AttributeComparison) -> Self {
        let schema_mapper::AttributeComparison { okta, assets, state, differences } = compared;
        Self { okta, assets, state, differences: differences.iter().map(findings::of_drift).collect() }
    }
}

/// An object type in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct TypeComparison {
    /// The kind of its objects.
    pub kind: ObjectKind,
    /// The name in Assets.
    pub name: String,
    /// True if Assets has it.
    pub exists: bool,
    /// The attributes: those of the mapping, those of the profile, then excluded ones.
    pub attributes: Vec<AttributeComparison>,
    /// Schema drift of the object type, and of attributes that aren't listed.
    pub differences: Vec<Finding>,
}

impl TypeComparison {
    /// True if something differs.
    pub fn differs(&self) -> bool {
        let attribute =
            |view: &AttributeComparison| matches!(view.state, AttributeState::New | AttributeState::Drifted);
        !self.exists || !self.differences.is_empty() || self.attributes.iter().any(attribute)
    }
}

impl From<schema_mapper::TypeComparison> for TypeComparison {
    fn from(compared: schema_mapper::TypeComparison) -> Self {
        let schema_mapper::TypeComparison { kind, name, exists, attributes, differences } = compared;
        Self {
            kind,
            name,
            exists,
            attributes: attributes.into_iter().map(Into::into).collect(),
            differences: differences.iter().map(findings::of_drift).collect(),
        }
    }
}

/// Okta's schemas and the object schema in Assets, side by side.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaView {
    /// The connection.
    pub connection: ConnectionName,
    /// True if something differs.
    pub has_differences: bool,
    /// The mapping version according to Okta's schemas.
    pub mapping_version: String,
    /// The object types.
    pub types: Vec<TypeComparison>,
    /// Mapping options without effect, or with another effect than expected.
    pub notes: Vec<Finding>,
}

/// The comparison with the current and with the proposed mapping.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaPreview {
    /// The current mapping.
    pub current: SchemaView,
    /// The proposed mapping.
    pub proposed: SchemaView,
}

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
        let mapping = Mapping::new(&self.org, options)?;
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
