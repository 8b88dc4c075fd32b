//! Random texts, their hashes, and signed texts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use sync_store::access::Hash;

/// 256 random bits as a text.
pub(super) fn random_text() -> SecretString {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()).into()
}

/// The stored hash of a secret. The secret is random and long, so that no salt and no slow hash is needed.
pub(super) fn hash(secret: &SecretString) -> Hash {
    Sha256::digest(secret.expose_secret()).into()
}

/// A text that requires the key; each purpose has a different one.
pub(super) fn derive(key: &[u8], purpose: &str, text: &str) -> String {
    // HMAC accepts keys of any length.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return String::new() };
    mac.update(purpose.as_bytes());
    mac.update(&[0]);
    mac.update(text.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// Compares in constant time. The empty text equals nothing.
pub(super) fn same(one: &str, other: &str) -> bool {
    !one.is_empty() && bool::from(one.as_bytes().ct_eq(other.as_bytes()))
}
