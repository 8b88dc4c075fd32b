//! Okta's schemas beside what Assets has of them.

use schema_mapper::{Mapping, TypeView};
use serde::{Deserialize, Serialize};
use sync_engine::{EngineError, PortError};
use sync_model::ConnectionName;

use crate::adapters::{assets_error, okta_error, org_schemas};
use crate::connection::{assets_client, okta_client};
use crate::{ConnectionConfig, ServiceError};

/// Okta's schemas beside what Assets has of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaView {
    /// The connection.
    pub connection: ConnectionName,
    /// Whether something differs.
    pub differs: bool,
    /// The mapping that Okta's schemas call for, by its short name.
    pub mapping: String,
    /// The object types.
    pub types: Vec<TypeView>,
    /// What somebody may want to know of the mapping, without anything being wrong.
    pub notes: Vec<String>,
}

/// Reads both sides, and changes nothing.
///
/// # Errors
/// When the settings cannot work, a mapping cannot be made, or one of the two services fails.
pub async fn compare_schemas(connection: &ConnectionConfig) -> Result<SchemaView, ServiceError> {
    let failed = |error: PortError| ServiceError::from(EngineError::Structure(error));
    let (okta, assets) = (okta_client(connection)?, assets_client(connection)?);
    let (org, current) = tokio::join!(org_schemas(&okta), assets.schema_and_mapping());
    let org = org.map_err(|e| failed(okta_error("the schemas of the Okta org could not be read", e)))?;
    let current =
        current.map_err(|e| failed(assets_error("the schema and mapping in Assets could not be read", e)))?;
    let mapping = Mapping::new(&org, &connection.mapping)
        .map_err(|e| failed(PortError::new("the mapping cannot be made").caused_by(e)))?;
    let types = mapping.side_by_side(&org, current.as_ref());
    Ok(SchemaView {
        connection: connection.name.clone(),
        differs: types.iter().any(TypeView::differs),
        mapping: mapping.version(),
        notes: mapping.warnings().iter().map(ToString::to_string).collect(),
        types,
    })
}
