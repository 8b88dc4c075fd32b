//! The encrypted secrets of saved connections.

use std::collections::BTreeMap;

use secrecy::SecretString;
use sync_config::{MasterKey, SecretField, Secrets, VaultError};
use sync_model::ConnectionName;
use sync_store::{EncryptedSecret, SavedConnection};

/// The place that a secret is encrypted for.
fn place(name: &ConnectionName, field: SecretField) -> String {
    format!("{name}/{}", field.as_str())
}

/// Decrypts a secret.
pub(super) fn open_one(
    key: &MasterKey,
    name: &ConnectionName,
    field: SecretField,
    secret: &EncryptedSecret,
) -> Result<SecretString, VaultError> {
    if secret.key_id != key.id() {
        return Err(VaultError::WrongKey);
    }
    key.open(&place(name, field), &secret.sealed)
}

/// Encrypts the secrets of a connection.
pub(super) fn seal(
    key: &MasterKey,
    name: &ConnectionName,
    secrets: &Secrets,
) -> Result<BTreeMap<String, EncryptedSecret>, VaultError> {
    let sealed = secrets.iter().map(|(&field, secret)| {
        let sealed = key.seal(&place(name, field), secret)?;
        Ok((field.as_str().to_owned(), EncryptedSecret { key_id: key.id().to_owned(), sealed }))
    });
    sealed.collect()
}

/// The secrets of a saved connection.
pub(super) fn open_all(key: &MasterKey, saved: &SavedConnection) -> Result<Secrets, VaultError> {
    let opened = saved.secrets.iter().filter_map(|(field, secret)| {
        let field = SecretField::named(field)?;
        Some(open_one(key, &saved.name, field, secret).map(|secret| (field, secret)))
    });
    opened.collect()
}
