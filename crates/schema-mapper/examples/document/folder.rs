//! An org's schemas from a folder of Okta's own JSON.
//!
//! Every `.json` file below the folder is read: an object or list as Okta answers, or a recorded exchange with the answer
//! under `body`. What a file holds is told by its content; users, groups and everything else is passed over.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use okta_client::model::{Schema, UserType};
use schema_mapper::{OrgSchemas, UserTypeSchema};
use serde_json::{Map, Value};

/// What a folder holds.
#[derive(Debug)]
pub(crate) struct Found {
    /// The schemas.
    pub(crate) schemas: OrgSchemas,
    /// What had to be assumed.
    pub(crate) notes: Vec<String>,
}

/// A folder that does not hold an org's schemas, or not in Okta's shape.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FolderError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {cause}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// A file is not JSON.
    #[error("{} is not JSON: {cause}", path.display())]
    Json {
        /// Which.
        path: PathBuf,
        /// Why, with line and column.
        cause: serde_json::Error,
    },
    /// A file looks like a schema or user type and is not one.
    #[error("{} is not {what} as Okta returns it: {cause}", path.display())]
    Shape {
        /// Which.
        path: PathBuf,
        /// What it looks like.
        what: &'static str,
        /// Why it is not.
        cause: serde_json::Error,
    },
    /// There are no files at all.
    #[error("{} contains no .json file", .0.display())]
    Empty(PathBuf),
    /// Something that a document cannot be without is missing.
    #[error("{} contains no schema of {what}; save the response to GET {path} in it", folder.display())]
    Missing {
        /// The folder.
        folder: PathBuf,
        /// Whose schema.
        what: &'static str,
        /// What answers with it.
        path: &'static str,
    },
}

/// What the files hold, before it is put together.
#[derive(Default)]
struct Parts {
    user_types: Vec<UserType>,
    /// By the id that user types link to, or the file's name.
    user_schemas: BTreeMap<String, Schema>,
    group_schema: Option<Schema>,
}

/// Reads a folder.
pub(crate) fn read(folder: &Path) -> Result<Found, FolderError> {
    let mut files = Vec::new();
    collect(folder, &mut files)?;
    files.sort();
    if files.is_empty() {
        return Err(FolderError::Empty(folder.to_owned()));
    }
    let mut parts = Parts::default();
    for file in &files {
        let text =
            fs::read_to_string(file).map_err(|cause| FolderError::Read { path: file.clone(), cause })?;
        let mut value: Value =
            serde_json::from_str(&text).map_err(|cause| FolderError::Json { path: file.clone(), cause })?;
        if value["request"]["path"].is_string() && value.get("body").is_some() {
            value = value["body"].take();
        }
        match value {
            Value::Array(items) => items.into_iter().try_for_each(|item| parts.add(file, item))?,
            object => parts.add(file, object)?,
        }
    }
    parts.put_together(folder)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), FolderError> {
    let unreadable = |cause| FolderError::Read { path: folder.to_owned(), cause };
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
    Ok(())
}

impl Parts {
    fn add(&mut self, file: &Path, value: Value) -> Result<(), FolderError> {
        let shape = |what| move |cause| FolderError::Shape { path: file.to_owned(), what, cause };
        if value.get("definitions").is_some() {
            let of_groups =
                value["name"] == "group" || value["id"].as_str().is_some_and(|id| id.contains("/group/"));
            let id = own_id(&value).filter(|id| id.starts_with("osc"));
            let schema: Schema = serde_json::from_value(value).map_err(shape("a schema"))?;
            if of_groups {
                self.group_schema = Some(schema);
            } else {
                let name = file.file_stem().map(|name| name.to_string_lossy().into_owned());
                self.user_schemas.insert(id.or(name).unwrap_or_default(), schema);
            }
        } else if value["id"].as_str().is_some_and(|id| id.starts_with("oty")) {
            self.user_types.push(serde_json::from_value(value).map_err(shape("a user type"))?);
        }
        Ok(())
    }

    fn put_together(self, folder: &Path) -> Result<Found, FolderError> {
        let missing = |what, path| FolderError::Missing { folder: folder.to_owned(), what, path };
        let group =
            self.group_schema.ok_or_else(|| missing("groups", "/api/v1/meta/schemas/group/default"))?;
        let Some((_, any)) = self.user_schemas.last_key_value() else {
            return Err(missing("users", "/api/v1/meta/schemas/user/default"));
        };
        let mut notes = Vec::new();
        let mut user_types = Vec::new();
        for user_type in self.user_types {
            let own = user_type.schema_id().and_then(|id| self.user_schemas.get(id));
            if own.is_none() {
                notes.push(format!(
                    "the schema of user type \"{}\" is not in the folder; another one stands in for it",
                    user_type.name
                ));
            }
            let schema = own.unwrap_or(any).clone();
            user_types.push(UserTypeSchema { user_type, schema });
        }
        if user_types.is_empty() {
            notes.push("no user types in the folder; each schema of users is taken for one".to_owned());
            user_types.extend(self.user_schemas.iter().enumerate().map(|(n, (id, schema))| {
                let (name, display_name) = (id.clone(), id.clone());
                let user_type =
                    UserType { id: format!("oty{n}"), name, display_name, default: n == 0, rest: Map::new() };
                UserTypeSchema { user_type, schema: schema.clone() }
            }));
        }
        Ok(Found { schemas: OrgSchemas { user_types, group }, notes })
    }
}

/// The end of an answer's link to itself.
fn own_id(value: &Value) -> Option<String> {
    value["_links"]["self"]["href"].as_str()?.rsplit('/').next().map(str::to_owned)
}
