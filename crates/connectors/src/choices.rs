//! Names in the operator's choice that the org does not have.

use okta_client::{Error, OktaClient};
use schema_mapper::{OrgSchemas, UserScope};

/// A name in the selection that nothing in the org has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownChoice {
    /// A user type, by its name or display name.
    #[error("user type \"{0}\"")]
    UserType(String),
    /// An attribute of users.
    #[error("user attribute \"{0}\"")]
    Attribute(String),
    /// A group that users must be members of.
    #[error("group {0}")]
    Group(String),
}

/// The names of user types and attributes that the schemas do not have.
pub fn unknown_names(users: &UserScope, schemas: &OrgSchemas) -> Vec<UnknownChoice> {
    let is_type = |name: &String| {
        let names = schemas.user_types.iter().flat_map(|t| [&t.user_type.name, &t.user_type.display_name]);
        names.filter(|known| !known.is_empty()).any(|known| known == name)
    };
    let has =
        |name: &str| schemas.user_types.iter().any(|t| t.schema.properties().any(|(own, _)| own == name));
    let types = users.types.iter().filter(|name| !is_type(name)).cloned().map(UnknownChoice::UserType);
    let attributes = users.profile.keys().filter(|name| !has(name)).cloned().map(UnknownChoice::Attribute);
    types.chain(attributes).collect()
}

/// The groups that users must be members of, and that the org does not have or show.
///
/// # Errors
/// When Okta fails.
pub async fn unknown_groups(users: &UserScope, okta: &OktaClient) -> Result<Vec<UnknownChoice>, Error> {
    let mut unknown = Vec::new();
    for id in &users.member_of {
        if okta.groups().find(id).await?.is_none() {
            unknown.push(UnknownChoice::Group(id.clone()));
        }
    }
    Ok(unknown)
}
