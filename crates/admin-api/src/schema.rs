//! Okta's schemas and the object schema in Assets, side by side.

use connectors::findings;
use schema_mapper::{AssetsAttribute, AttributeState, OktaAttribute};
use serde::{Deserialize, Serialize};
use sync_engine::Finding;
use sync_model::{ConnectionName, ObjectKind};

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
