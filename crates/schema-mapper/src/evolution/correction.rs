//! Corrections that the REST API can make with an Atlassian account.

/// A change of an attribute that the mapping can't make, and the attribute update of the REST API can.
///
/// <https://developer.atlassian.com/cloud/assets/rest/api-group-objecttypeattribute/>
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The name of the object type in Assets.
    pub object_type: String,
    /// The external id of the object type.
    pub object_type_external_id: String,
    /// The current name of the attribute in Assets.
    pub attribute: String,
    /// The external id of the attribute.
    pub external_id: String,
    /// The name that it should have.
    pub rename_to: Option<String>,
    /// The number of values that it should accept; -1 for any number.
    pub maximum_cardinality: Option<i32>,
}
