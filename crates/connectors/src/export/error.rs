//! The error of writing or reading an export.

use std::path::{Path, PathBuf};

use sync_engine::Remedy;

use crate::remedy;

/// The layout that this version writes and reads.
pub(super) const VERSION: u32 = 1;

/// The maximum length of a problem: a file may have a long value in a wrong place.
const LONGEST_PROBLEM: usize = 200;

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

    pub(super) fn shape(path: &Path, error: &serde_json::Error) -> Self {
        let (problem, place) =
            (error.to_string(), format!(" at line {} column {}", error.line(), error.column()));
        let problem = problem.strip_suffix(&place).unwrap_or(&problem);
        let short: String = problem.chars().take(LONGEST_PROBLEM).collect();
        let cut = if short.len() < problem.len() { "…" } else { "" };
        Self::Shape { path: path.to_owned(), problem: format!("{short}{cut}{place}") }
    }

    pub(super) fn file(path: &Path, action: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File { path, action, source }
    }
}
