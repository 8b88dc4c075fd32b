//! Secrets at rest: secrets saved in the console are encrypted with a key that is not in the store.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, Generate, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use sync_engine::Remedy;

/// The length of a key in bytes.
const KEY: usize = 32;
/// The length of the nonce of each encryption, in bytes.
const NONCE: usize = 24;

/// The error of storing or reading a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// A text that is no key.
    #[error("must be 32 bytes in Base64")]
    NotAKey,
    /// There is no key.
    #[error("no master key to encrypt or decrypt secrets")]
    MissingKey,
    /// It was sealed under another key.
    #[error("the saved secrets are encrypted with another master key")]
    WrongKey,
    /// It was changed, or belongs to another setting.
    #[error("a saved secret was changed outside of this program")]
    Tampered,
    /// The system has no random numbers, or the secret is too long.
    #[error("could not encrypt a secret")]
    EncryptionFailed,
}

impl VaultError {
    /// The action that resolves it.
    pub const fn remedy(self) -> Remedy {
        match self {
            Self::NotAKey => Remedy::GenerateMasterKey,
            Self::MissingKey => Remedy::SetMasterKey,
            Self::WrongKey => Remedy::CorrectMasterKey,
            Self::Tampered => Remedy::ReenterSecrets,
            Self::EncryptionFailed => Remedy::Repeat,
        }
    }
}

/// A key that secrets are kept under.
#[derive(Clone)]
pub struct MasterKey {
    key: SecretString,
    id: String,
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MasterKey").field("id", &self.id).finish_non_exhaustive()
    }
}

impl MasterKey {
    /// A new one, as text for a file or a variable.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn generate() -> Result<SecretString, VaultError> {
        let key = Key::try_generate().map_err(|_| VaultError::EncryptionFailed)?;
        Ok(URL_SAFE_NO_PAD.encode(key).into())
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the text is none.
    pub fn parse(text: &SecretString) -> Result<Self, VaultError> {
        let text = text.expose_secret().trim().trim_end_matches('=').replace('+', "-").replace('/', "_");
        let bytes = URL_SAFE_NO_PAD.decode(&text).map_err(|_| VaultError::NotAKey)?;
        if bytes.len() != KEY {
            return Err(VaultError::NotAKey);
        }
        let mut digest = Sha256::new();
        digest.update("okta-insight-sync master key, version 1\n");
        digest.update(&bytes);
        let id = URL_SAFE_NO_PAD.encode(&digest.finalize()[..9]);
        Ok(Self { key: text.into(), id })
    }

    /// An identifier of the key that doesn't disclose it.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Encrypts a secret for one setting; for another one, it can't be decrypted.
    ///
    /// # Errors
    /// When the system has no random numbers.
    pub fn seal(&self, place: &str, secret: &SecretString) -> Result<Vec<u8>, VaultError> {
        let nonce = XNonce::try_generate().map_err(|_| VaultError::EncryptionFailed)?;
        let payload = Payload { msg: secret.expose_secret().as_bytes(), aad: place.as_bytes() };
        let sealed = self.cipher()?.encrypt(&nonce, payload).map_err(|_| VaultError::EncryptionFailed)?;
        Ok([nonce.as_slice(), &sealed].concat())
    }

    /// Decrypts a secret that was [encrypted](Self::seal) for the same setting.
    ///
    /// # Errors
    /// When it was changed, moved, or encrypted with another key.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<SecretString, VaultError> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE).ok_or(VaultError::Tampered)?;
        let nonce = XNonce::try_from(nonce).map_err(|_| VaultError::Tampered)?;
        let payload = Payload { msg: sealed, aad: place.as_bytes() };
        let opened = self.cipher()?.decrypt(&nonce, payload).map_err(|_| VaultError::Tampered)?;
        String::from_utf8(opened).map(SecretString::from).map_err(|_| VaultError::Tampered)
    }

    fn cipher(&self) -> Result<XChaCha20Poly1305, VaultError> {
        let bytes = URL_SAFE_NO_PAD.decode(self.key.expose_secret()).map_err(|_| VaultError::NotAKey)?;
        XChaCha20Poly1305::new_from_slice(&bytes).map_err(|_| VaultError::NotAKey)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::parse(&MasterKey::generate().unwrap()).unwrap()
    }

    #[test]
    fn sealed_secret_requires_key_and_place() {
        let (ours, other) = (key(), key());
        let secret = SecretString::from("s3cret");
        let sealed = ours.seal("main/okta.private_key", &secret).unwrap();
        assert_eq!(ours.open("main/okta.private_key", &sealed).unwrap().expose_secret(), "s3cret");
        assert_eq!(ours.open("other/okta.private_key", &sealed).unwrap_err(), VaultError::Tampered);
        assert_eq!(other.open("main/okta.private_key", &sealed).unwrap_err(), VaultError::Tampered);
        for at in [0, NONCE, sealed.len() - 1] {
            let mut changed = sealed.clone();
            changed[at] ^= 1;
            assert_eq!(ours.open("main/okta.private_key", &changed).unwrap_err(), VaultError::Tampered);
        }
        assert_eq!(ours.open("main/okta.private_key", &sealed[..5]).unwrap_err(), VaultError::Tampered);
        assert!(!sealed.windows(6).any(|bytes| bytes == b"s3cret"));
        assert_ne!(sealed, ours.seal("main/okta.private_key", &secret).unwrap(), "never twice the same");
    }

    #[test]
    fn master_key_accepts_both_alphabets() {
        let bytes = [0xfb_u8; KEY];
        let plain = base64::engine::general_purpose::STANDARD.encode(bytes);
        let url = URL_SAFE_NO_PAD.encode(bytes);
        let (plain, url) =
            [plain, url].map(|text| MasterKey::parse(&format!(" {text}\n").into()).unwrap()).into();
        assert_eq!(plain.id(), url.id());
        assert!(!format!("{plain:?}").contains(plain.key.expose_secret()));
        for wrong in ["", "short", &"A".repeat(44), "not base64 at all, and long enough for it"] {
            assert_eq!(MasterKey::parse(&wrong.into()).unwrap_err(), VaultError::NotAKey, "{wrong}");
        }
    }
}
