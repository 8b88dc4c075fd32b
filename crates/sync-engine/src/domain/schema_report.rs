//! The result of comparing the schemas.

use serde::{Deserialize, Serialize};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::FindingCode;
use crate::domain::place::WithheldField;

/// The object schema and mapping in Assets, compared with Okta's schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SchemaState {
    /// There is none yet.
    Missing,
    /// It was created just now.
    Created,
    /// It lacks parts that can be added.
    Outdated,
    /// Missing items were added.
    Extended,
    /// Nothing to do.
    Current,
}

/// The result of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SchemaReport {
    /// The result.
    pub state: SchemaState,
    /// The version of the mapping, which is the same for equal mappings.
    pub version: String,
    /// Missing or added object types.
    pub added_types: Vec<String>,
    /// Missing or added attributes, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// The number of required object types that existed.
    pub existing_types: usize,
    /// The number of required attributes that existed.
    pub existing_attributes: usize,
    /// Attributes that were corrected with the Atlassian account, as `type: attribute`.
    pub fixed_attributes: Vec<String>,
    /// Mapping options without effect, or with another effect than expected.
    pub notes: Vec<Finding>,
    /// Differences in Assets that aren't corrected automatically.
    pub drift: Vec<Finding>,
    /// Fields whose values are withheld, because Assets would drop them.
    #[serde(default)]
    pub withheld: Vec<WithheldField>,
}

impl SchemaReport {
    /// The schema drift of attributes that accept too few values.
    pub fn limited_attributes(&self) -> impl Iterator<Item = &Finding> {
        self.drift.iter().filter(|finding| finding.code() == FindingCode::CardinalityTooLow)
    }
}
