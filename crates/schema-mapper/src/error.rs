//! Choices and schemas that do not go together.

use sync_model::ObjectKind;

/// Choices and schemas that do not go together. Each message names the option to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MappingError {
    /// There is nothing to map.
    #[error(
        "the org has no user type; the app may lack the scopes okta.userTypes.read and okta.schemas.read"
    )]
    NoUserTypes,
    /// The label of users is not in the schema.
    #[error("mapping.user_label is \"{0}\", which no user type of the org has")]
    UnknownLabel(String),
    /// The label of groups is not in the schema.
    #[error("mapping.group_label is \"{0}\", which the groups of the org do not have")]
    UnknownGroupLabel(String),
    /// The prefix is empty or has odd characters.
    #[error("mapping.external_id_prefix \"{0}\" cannot begin external ids; use letters, digits and dashes")]
    Prefix(String),
    /// The name of the object schema is empty or has characters that Assets rejects.
    #[error("mapping.object_schema_name \"{0}\" is empty or has one of = ; : ? . \" which Assets refuses")]
    SchemaName(String),
    /// An attribute that is needed to find managers is missing.
    #[error(
        "managers are found by {0}, which no user type of the org has; set mapping.manager.match_by to \"off\" or another value"
    )]
    ManagerAttribute(&'static str),
    /// A type that values cannot have.
    #[error("mapping.{kind}.types sets \"{attribute}\" to \"{chosen}\"; it can be {valid}")]
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
