//! Reading an export, page by page.

use std::path::{Path, PathBuf};

use okta_client::model::{Group, Schema, User, UserType};
use schema_mapper::{OrgSchemas, UserTypeSchema};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::export::error::{ExportError, VERSION};
use crate::export::layout::{GROUP_SCHEMA, GROUPS, Layout, Manifest, USERS};

/// A finished export.
#[derive(Debug, Clone)]
pub struct Saved {
    layout: Layout,
    /// The numbers of groups and users by the manifest.
    groups: u64,
    users: u64,
}

#[derive(Deserialize)]
struct Member {
    id: String,
}

impl Saved {
    /// Opens a folder that holds a finished export.
    ///
    /// # Errors
    /// When the folder contains no complete export of this version.
    pub async fn open(folder: &Path) -> Result<Self, ExportError> {
        let layout = Layout::new(folder);
        let manifest: Manifest =
            find(&layout.manifest()).await?.ok_or_else(|| ExportError::Unfinished(folder.to_owned()))?;
        if manifest.version != VERSION {
            return Err(ExportError::Version { path: folder.to_owned(), found: manifest.version });
        }
        Ok(Self { layout, groups: manifest.groups, users: manifest.users })
    }

    /// The schemas of the org.
    pub(crate) async fn schemas(&self) -> Result<OrgSchemas, ExportError> {
        let mut user_types = Vec::new();
        for user_type in read::<Vec<UserType>>(&self.layout.user_types()).await? {
            let id = user_type.schema_id().unwrap_or(&user_type.id);
            let schema: Schema = read(&self.layout.schema(id)?).await?;
            user_types.push(UserTypeSchema { user_type, schema });
        }
        Ok(OrgSchemas { user_types, group: read(&self.layout.schema(GROUP_SCHEMA)?).await? })
    }

    /// A page of groups, counted from 1; `None` after the last.
    pub(crate) async fn groups(&self, number: u64) -> Result<Option<Vec<Group>>, ExportError> {
        find(&self.layout.page(GROUPS, number)).await
    }

    /// A page of users, counted from 1; `None` after the last.
    pub(crate) async fn users(&self, number: u64) -> Result<Option<Vec<User>>, ExportError> {
        find(&self.layout.page(USERS, number)).await
    }

    /// Checks that the pages of groups contain the number in the manifest.
    pub(crate) const fn check_groups(&self, found: u64) -> Result<(), ExportError> {
        complete(GROUPS, self.groups, found)
    }

    /// Checks that the pages of users contain the number in the manifest.
    pub(crate) const fn check_users(&self, found: u64) -> Result<(), ExportError> {
        complete(USERS, self.users, found)
    }

    /// The ids of a group's members.
    pub(crate) async fn members(&self, group: &str) -> Result<Vec<String>, ExportError> {
        let members: Vec<Member> = read(&self.layout.members_of(group)?).await?;
        Ok(members.into_iter().map(|member| member.id).collect())
    }
}

const fn complete(what: &'static str, expected: u64, found: u64) -> Result<(), ExportError> {
    if expected == found { Ok(()) } else { Err(ExportError::Incomplete { what, expected, found }) }
}

async fn read<T: DeserializeOwned>(path: &PathBuf) -> Result<T, ExportError> {
    let missing = || std::io::Error::from(std::io::ErrorKind::NotFound);
    find(path).await?.ok_or_else(|| ExportError::file(path, "read")(missing()))
}

/// `None` when there is no such file.
async fn find<T: DeserializeOwned>(path: &PathBuf) -> Result<Option<T>, ExportError> {
    match tokio::fs::read(path).await {
        Ok(text) => {
            let value = serde_json::from_slice(&text);
            value.map(Some).map_err(|error| ExportError::shape(path, &error))
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ExportError::file(path, "read")(error)),
    }
}
