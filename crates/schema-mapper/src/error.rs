//! Choices and schemas that do not go together.

use sync_model::ObjectKind;

/// Choices and schemas that do not go together. Each message names the option to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// There is nothing to map.
    #[error(
        "the org has no user types; the app may lack the API scopes okta.userTypes.read and okta.schemas.read"
    )]
    NoUserTypes,
    /// The label of users is not in the schema.
    #[error("mapping.user_label: no user type of the org has the attribute \"{0}\"")]
    UnknownLabel(String),
    /// The label of groups is not in the schema.
    #[error("mapping.group_label: groups of the org don't have the attribute \"{0}\"")]
    UnknownGroupLabel(String),
    /// The prefix is empty or has odd characters.
    #[error("mapping.external_id_prefix: must be letters, digits, and hyphens, at least one; got \"{0}\"")]
    Prefix(String),
    /// The name of the object schema is empty or has characters that Assets refuses.
    #[error("mapping.object_schema_name: must be a name without = ; : ? . or \"; got \"{0}\"")]
    SchemaName(String),
    /// An attribute that is needed to find managers is missing.
    #[error(
        "mapping.manager.match_by: no user type of the org has the attribute {0}; set \"off\" or another value"
    )]
    ManagerAttribute(&'static str),
    /// A type that values cannot have.
    #[error("mapping.{kind}.types: the type of \"{attribute}\" must be one of {valid}; got \"{chosen}\"")]
    Type {
        /// The kind of object.
        kind: ObjectKind,
        /// The attribute's name in Okta.
        attribute: String,
        /// The configured name.
        chosen: String,
        /// The valid names.
        valid: String,
    },
}
