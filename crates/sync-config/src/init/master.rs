//! The master key of the console, in a file.

use std::path::Path;

use secrecy::ExposeSecret;

use crate::init::error::InitError;
use crate::init::private;
use crate::small_file::read_small_text;
use crate::vault::MasterKey;

/// Creates a master key and writes it to a file that only its owner can read. Returns its ID.
///
/// # Errors
/// When the file exists already, or can't be written.
pub fn new_master_key(path: &Path) -> Result<String, InitError> {
    let text = MasterKey::generate()?;
    let key = MasterKey::parse(&text)?;
    private::write(path, &format!("{}\n", text.expose_secret()), false).map_err(|error| match error {
        InitError::Exists(path) => InitError::MasterKeyExists(path),
        error => error,
    })?;
    Ok(key.id().to_owned())
}

/// Reads a master key.
///
/// # Errors
/// When the file cannot be read, or holds none.
pub fn read_master_key(path: &Path) -> Result<MasterKey, InitError> {
    let text = read_small_text(path).map_err(|source| InitError::Read { path: path.to_owned(), source })?;
    Ok(MasterKey::parse(&text.into())?)
}
