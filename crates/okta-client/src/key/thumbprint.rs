//! The ID of a key that is computed from it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use sha2::{Digest, Sha256};

/// The thumbprint of RFC 7638: SHA-256 over the required members in lexical order.
pub(crate) fn thumbprint(jwk: &Jwk) -> String {
    let names: &[&str] = if jwk.key_type() == "RSA" { &["e", "kty", "n"] } else { &["crv", "kty", "x", "y"] };
    let members: serde_json::Map<String, serde_json::Value> = names
        .iter()
        .map(|&name| {
            let value =
                if name == "kty" { Some(jwk.key_type().into()) } else { jwk.parameter(name).cloned() };
            (name.to_owned(), value.unwrap_or_default())
        })
        .collect();
    // Maps of serde_json are sorted by name.
    URL_SAFE_NO_PAD.encode(Sha256::digest(serde_json::Value::Object(members).to_string()))
}
