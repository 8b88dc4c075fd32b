//! The files of an export.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::export::error::ExportError;

/// The contents of an export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The layout, 1.
    pub version: u32,
    /// The org.
    pub org_url: String,
    /// The start.
    pub started_at: Timestamp,
    /// Users, deactivated ones included.
    pub users: u64,
    /// Groups.
    pub groups: u64,
    /// Memberships, without those of the group of all users: they follow from the users.
    pub memberships: u64,
    /// User types.
    pub user_types: u64,
}

/// The names of the files.
#[derive(Debug, Clone)]
pub(super) struct Layout(PathBuf);

impl Layout {
    pub(super) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    pub(super) fn manifest(&self) -> PathBuf {
        self.0.join("manifest.json")
    }

    pub(super) fn user_types(&self) -> PathBuf {
        self.0.join("user-types.json")
    }

    pub(super) fn schemas(&self) -> PathBuf {
        self.0.join("schemas")
    }

    pub(super) fn schema(&self, id: &str) -> Result<PathBuf, ExportError> {
        Ok(self.schemas().join(file_name(id)?))
    }

    pub(super) fn members(&self) -> PathBuf {
        self.0.join("members")
    }

    pub(super) fn members_of(&self, group: &str) -> Result<PathBuf, ExportError> {
        Ok(self.members().join(file_name(group)?))
    }

    pub(super) fn pages(&self, of: &str) -> PathBuf {
        self.0.join(of)
    }

    pub(super) fn page(&self, of: &str, number: u64) -> PathBuf {
        self.pages(of).join(format!("{number:05}.json"))
    }
}

/// The longest ID that is used as a file name. Okta's IDs have 20 characters.
const LONGEST_ID: usize = 200;

/// The name of the file for an ID, which comes from outside the process.
fn file_name(id: &str) -> Result<String, ExportError> {
    let is_plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    if id.is_empty() || id.starts_with('.') || id.len() > LONGEST_ID || !id.chars().all(is_plain) {
        return Err(ExportError::Id(id.chars().take(LONGEST_ID).collect()));
    }
    Ok(format!("{id}.json"))
}

pub(super) const GROUP_SCHEMA: &str = "group";
pub(super) const USERS: &str = "users";
pub(super) const GROUPS: &str = "groups";
