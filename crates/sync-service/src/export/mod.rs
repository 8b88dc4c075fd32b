//! An export of an org to a folder, in Okta's own JSON: the input of a full sync, for review, backup, or a plan.
//!
//! ```text
//! manifest.json            written last: a folder without it is half an export
//! user-types.json          as GET /api/v1/meta/types/user answers
//! schemas/{id}.json        as GET /api/v1/meta/schemas/user/{id} answers; group.json is that of groups
//! groups/00001.json …      pages of GET /api/v1/groups
//! members/{group}.json     the ids of a group's members
//! users/00001.json …       pages of GET /api/v1/users, deactivated users last
//! ```

mod read;
mod write;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::adapters::remedy;
pub(crate) use read::Saved;
use sync_engine::Remedy;
pub use write::export;

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

/// The layout that this version writes and reads.
const VERSION: u32 = 1;

/// The error of writing or reading an export.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// Something else is there.
    #[error("{} is not empty", .0.display())]
    NotEmpty(PathBuf),
    /// Only an export may be replaced.
    #[error("{} contains files that aren't part of an export", .0.display())]
    Foreign(PathBuf),
    /// A file or folder could not be read or written.
    #[error("{} could not be {action}", path.display())]
    File {
        /// The path.
        path: PathBuf,
        /// The failed action: `read`, `written`.
        action: &'static str,
        /// The cause.
        #[source]
        source: std::io::Error,
    },
    /// A file is invalid.
    #[error("{} is invalid: {problem}", path.display())]
    Shape {
        /// The path.
        path: PathBuf,
        /// The reason, with line and column; truncated if the file makes it long.
        problem: String,
    },
    /// There is no manifest.
    #[error("{} is not a complete export: manifest.json is missing", .0.display())]
    Unfinished(PathBuf),
    /// It was written by another version.
    #[error("{} has format version {found}; this version supports {VERSION}", path.display())]
    Version {
        /// The folder.
        path: PathBuf,
        /// Its layout.
        found: u32,
    },
    /// An ID cannot be the name of a file: it would lead out of the folder, or nowhere.
    #[error("the ID {0:?} can't be a file name")]
    Id(String),
    /// Files are missing, or hold fewer objects than the manifest counts.
    #[error("the export is incomplete: expected {expected} {what}, found {found}")]
    Incomplete {
        /// The objects: `users`, `groups`.
        what: &'static str,
        /// Their number by the manifest.
        expected: u64,
        /// Their number in the files.
        found: u64,
    },
    /// Okta could not be read.
    #[error("could not read Okta")]
    Okta(#[source] Box<okta_client::Error>),
    /// The export was interrupted.
    #[error("interrupted; the export in the folder is incomplete")]
    Stopped,
}

impl ExportError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::NotEmpty(_) => Remedy::ReplaceExport,
            Self::Foreign(_) => Remedy::UseOtherFolder,
            Self::Unfinished(_)
            | Self::Version { .. }
            | Self::Shape { .. }
            | Self::Id(_)
            | Self::Incomplete { .. } => Remedy::CreateExport,
            Self::Okta(error) => return error.remedy().map(remedy::of_okta),
            Self::Stopped => Remedy::RestartExport,
            Self::File { .. } => return None,
        })
    }

    /// True if the arguments are wrong.
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::NotEmpty(_)
                | Self::Foreign(_)
                | Self::Unfinished(_)
                | Self::Version { .. }
                | Self::Shape { .. }
                | Self::Id(_)
                | Self::Incomplete { .. }
        )
    }

    fn shape(path: &Path, error: &serde_json::Error) -> Self {
        let (problem, place) =
            (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        let problem = problem.strip_suffix(&place).unwrap_or(&problem);
        let short: String = problem.chars().take(LONGEST_PROBLEM).collect();
        let cut = if short.len() < problem.len() { "…" } else { "" };
        Self::Shape { path: path.to_owned(), problem: format!("{short}{cut}{place}") }
    }

    fn file(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, action, source }
    }
}

/// The names of the files.
#[derive(Debug, Clone)]
pub(crate) struct Layout(PathBuf);

impl Layout {
    pub(crate) fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn manifest(&self) -> PathBuf {
        self.0.join("manifest.json")
    }

    fn user_types(&self) -> PathBuf {
        self.0.join("user-types.json")
    }

    fn schemas(&self) -> PathBuf {
        self.0.join("schemas")
    }

    fn schema(&self, id: &str) -> Result<PathBuf, ExportError> {
        Ok(self.schemas().join(file_name(id)?))
    }

    fn members(&self) -> PathBuf {
        self.0.join("members")
    }

    fn members_of(&self, group: &str) -> Result<PathBuf, ExportError> {
        Ok(self.members().join(file_name(group)?))
    }

    fn pages(&self, of: &str) -> PathBuf {
        self.0.join(of)
    }

    fn page(&self, of: &str, number: u64) -> PathBuf {
        self.pages(of).join(format!("{number:05}.json"))
    }
}

/// The maximum length of a problem: a file may have a long value in a wrong place.
const LONGEST_PROBLEM: usize = 200;

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

const GROUP_SCHEMA: &str = "group";
const USERS: &str = "users";
const GROUPS: &str = "groups";
