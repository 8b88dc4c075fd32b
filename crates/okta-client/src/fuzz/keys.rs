//! Pasted private keys.

use fuzz::{assert_shown, fuzz};
use secrecy::ExposeSecret as _;

use crate::key::{PrivateKey, trimmed};

/// Longer words of an input can be parts of a key.
const WORD: usize = 40;

#[test]
fn private_key_reads_any_text() {
    let words = [
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "-----BEGIN ",
        "-----END ",
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "\\n",
        "\\r\\n",
        "kty",
        "keys",
        "ES384",
        "P-384",
        "Proc-Type",
        "\u{feff}",
        "d",
    ];
    fuzz("private_key", &words, |input| {
        let text = String::from_utf8_lossy(input);
        assert!(trimmed(&text).len() <= text.len());
        match PrivateKey::parse(&text) {
            Ok(key) => {
                let whole = key.to_jwk();
                let again = PrivateKey::parse(whole.expose_secret()).unwrap();
                assert_eq!(again.public_jwk(), key.public_jwk(), "a key that is stored is read back");
                assert!(key.public_jwk().get("d").is_none());
                format!("{} {}", key.public_jwk()["alg"], key.kid().is_some())
            }
            Err(error) => {
                let told = error.to_string();
                assert_shown(&told, 300);
                let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '-' | '_');
                let parts = text.split(|c| !is_part(c)).filter(|part| part.len() >= WORD);
                for part in parts {
                    assert!(!told.contains(&part[..WORD]), "a part of the key is shown: {told}");
                }
                told
            }
        }
    });
}
