//! Signed tokens as clients send them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, ES384, ES512, JwsVerifier, RS256, RS384, RS512};
use serde_json::{Map, Value};

/// A token with its parts read.
pub(super) struct Jws {
    pub(super) header: Map<String, Value>,
    pub(super) claims: Map<String, Value>,
    input: String,
    signature: Vec<u8>,
}

impl Jws {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (input, signature) = text.rsplit_once('.')?;
        let (header, claims) = input.split_once('.')?;
        let part = |text: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).ok()?).ok();
        Some(Self {
            header: part(header)?,
            claims: part(claims)?,
            input: input.to_owned(),
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }

    pub(super) fn claim(&self, name: &str) -> &str {
        self.claims.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.claims.get(name)?.as_i64()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.header.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    pub(super) fn is_signed_with(&self, key: &Jwk) -> bool {
        let verifier: Option<Box<dyn JwsVerifier>> = match self.header("alg") {
            "RS256" => RS256.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            "RS384" => RS384.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            "RS512" => RS512.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            "ES256" => ES256.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            "ES384" => ES384.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            "ES512" => ES512.verifier_from_jwk(key).ok().map(|v| Box::new(v) as _),
            _ => None,
        };
        verifier.is_some_and(|v| v.verify(self.input.as_bytes(), &self.signature).is_ok())
    }
}
