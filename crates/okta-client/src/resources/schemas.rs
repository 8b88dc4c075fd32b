//! `/api/v1/meta`

use super::object::{about, checked};
use crate::client::{Call, OktaClient};
use crate::error::Result;
use crate::model::{Schema, UserType};

/// User types.
#[derive(Debug, Clone, Copy)]
pub struct UserTypes<'c>(&'c OktaClient);

impl OktaClient {
    /// User types.
    pub const fn user_types(&self) -> UserTypes<'_> {
        UserTypes(self)
    }
}

impl UserTypes<'_> {
    /// Every user type. Scope `okta.userTypes.read`.
    ///
    /// # Errors
    /// As any call.
    pub async fn list(&self) -> Result<Vec<UserType>> {
        self.0.fetch(Call::get(self.0.url("/api/v1/meta/types/user"), "the user types")).await
    }

    /// One user type.
    ///
    /// # Errors
    /// [`NotFound`](crate::Error::NotFound) if it doesn't exist, [`OtherObject`](crate::Error::OtherObject) if the response is
    /// for another type, and as any call.
    pub async fn get(&self, id: &str) -> Result<UserType> {
        let path = format!("/api/v1/meta/types/user/{}", checked(id)?);
        let found = self.0.fetch(Call::get(self.0.url(&path), "a user type")).await?;
        about(id, &path, found, |found: &UserType| &found.id)
    }
}

/// Schemas of users and groups. Scope `okta.schemas.read`.
#[derive(Debug, Clone, Copy)]
pub struct Schemas<'c>(&'c OktaClient);

impl OktaClient {
    /// Schemas of users and groups.
    pub const fn schemas(&self) -> Schemas<'_> {
        Schemas(self)
    }
}

impl Schemas<'_> {
    /// The schema of a user type.
    ///
    /// # Errors
    /// As any call.
    pub async fn for_type(&self, user_type: &UserType) -> Result<Schema> {
        let id = if user_type.default { "default" } else { user_type.schema_id().unwrap_or("default") };
        self.user(id).await
    }

    /// A user schema by ID; `default` is the schema of the default type.
    ///
    /// # Errors
    /// As any call.
    pub async fn user(&self, schema_id: &str) -> Result<Schema> {
        let path = format!("/api/v1/meta/schemas/user/{}", checked(schema_id)?);
        self.0.fetch(Call::get(self.0.url(&path), "a user schema")).await
    }

    /// The schema of groups.
    ///
    /// # Errors
    /// As any call.
    pub async fn group(&self) -> Result<Schema> {
        self.0.fetch(Call::get(self.0.url("/api/v1/meta/schemas/group/default"), "the group schema")).await
    }
}
