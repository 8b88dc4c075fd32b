//! Files for their owner alone.

use std::io::Write;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::init::error::InitError;

/// Writes a file that only its owner can read, replacing an existing one.
///
/// # Errors
/// When it can't be written.
pub fn write_private(path: &Path, text: &str) -> Result<(), InitError> {
    write(path, text, true)
}

/// Writes a file that only its owner can read, completely or not at all. An existing one stays unless it may be
/// replaced.
pub(super) fn write(path: &Path, content: &str, replace: bool) -> Result<(), InitError> {
    let failed = |source| InitError::Write { path: path.to_owned(), source };
    // Readable by the owner alone from the beginning.
    let mut draft = NamedTempFile::new_in(folder(path)).map_err(failed)?;
    draft.write_all(content.as_bytes()).and_then(|()| draft.as_file().sync_all()).map_err(failed)?;
    if replace {
        return draft.persist(path).map(drop).map_err(|e| failed(e.error));
    }
    draft.persist_noclobber(path).map(drop).map_err(|e| match e.error.kind() {
        std::io::ErrorKind::AlreadyExists => InitError::Exists(path.to_owned()),
        _ => failed(e.error),
    })
}

/// Replaces the text of a file and keeps its permissions.
pub(super) fn rewrite(path: &Path, content: &str) -> Result<(), InitError> {
    let failed = |source| InitError::Write { path: path.to_owned(), source };
    // A link is resolved to its target.
    let path = path.canonicalize().map_err(failed)?;
    let permissions = path.metadata().map_err(failed)?.permissions();
    let mut draft = NamedTempFile::new_in(folder(&path)).map_err(failed)?;
    draft.write_all(content.as_bytes()).map_err(failed)?;
    draft.as_file().set_permissions(permissions).and_then(|()| draft.as_file().sync_all()).map_err(failed)?;
    draft.persist(&path).map(drop).map_err(|e| failed(e.error))
}

/// The folder that a file is in.
pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}
