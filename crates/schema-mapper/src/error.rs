//! Mapping options that the schemas don't permit.

use sync_model::ObjectKind;

/// A mapping option that the schemas don't permit. Each message contains the option.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// The org has no user types.
    #[error(
        "the org has no user types; the app may lack the API scopes okta.userTypes.read and okta.schemas.read"
    )]
    NoUserTypes,
    /// No user schema has the label attribute of users.
    #[error("mapping.user_label: no user type of the org has the attribute \"{0}\"")]
    UnknownLabel(String),
    /// The group schema doesn't have the label attribute of groups.
    #[error("mapping.group_label: groups of the org don't have the attribute \"{0}\"")]
    UnknownGroupLabel(String),
    /// The prefix is empty or has invalid characters.
    #[error("mapping.external_id_prefix: must be letters, digits, and hyphens, at least one; got \"{0}\"")]
    Prefix(String),
    /// The name of the object schema is empty or has characters that Assets rejects.
    #[error("mapping.object_schema_name: must be a name without = ; : ? . or \"; got \"{0}\"")]
    SchemaName(String),
    /// No user schema has the attribute that identifies managers.
    #[error(
        "mapping.manager.match_by: no user type of the org has the attribute {0}; set \"off\" or another value"
    )]
    ManagerAttribute(&'static str),
    /// The type isn't valid for the attribute.
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
