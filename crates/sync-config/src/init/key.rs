//! The app's key pair.

use std::path::{Path, PathBuf};

use okta_client::{KeyError, KeyKind, PrivateKey};
use secrecy::{ExposeSecret, SecretString};

use crate::init::error::InitError;
use crate::init::private;
use crate::small_file::read_small_text;

/// A private key, and the file it was read from.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The file.
    pub path: PathBuf,
    /// The key as JWK or PEM.
    pub text: SecretString,
    /// The public key to register in Okta.
    pub public_jwk: serde_json::Value,
    /// True if other users than the owner can read the file.
    pub exposed: bool,
}

/// A new key pair.
#[derive(Debug, Clone, serde::Serialize)]
pub struct NewKey {
    /// The file of the private key.
    pub private_key_file: PathBuf,
    /// The public key to register in Okta.
    pub public_jwk: serde_json::Value,
}

/// Creates a key pair, and writes the private key (JWK) to a file that only its owner can read.
///
/// # Errors
/// When the file exists and may not be replaced, or can't be written.
pub async fn generate_key(kind: KeyKind, path: &Path, replace: bool) -> Result<NewKey, InitError> {
    // Before the long computation.
    if !replace && path.exists() {
        return Err(InitError::Exists(path.to_owned()));
    }
    let made = tokio::task::spawn_blocking(move || PrivateKey::generate(kind)).await;
    let key = made.map_err(|_| InitError::Interrupted)??;
    private::write(path, &format!("{}\n", key.to_jwk().expose_secret()), replace)?;
    Ok(NewKey { private_key_file: path.to_owned(), public_jwk: key.public_jwk() })
}

/// Reads a private key, JWK or PEM.
///
/// # Errors
/// When the file cannot be read, or holds no private key that is strong enough.
pub fn read_key(path: &Path) -> Result<KeyFile, InitError> {
    let text = match read_small_text(path) {
        Ok(text) => SecretString::from(text),
        Err(e) if e.kind() == std::io::ErrorKind::InvalidData => return Err(KeyError::NotAKey.into()),
        Err(source) => return Err(InitError::Read { path: path.to_owned(), source }),
    };
    let key = PrivateKey::parse(text.expose_secret())?;
    Ok(KeyFile { path: path.to_owned(), text, public_jwk: key.public_jwk(), exposed: exposed(path) })
}

#[cfg(unix)]
fn exposed(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
const fn exposed(_: &Path) -> bool {
    false
}
