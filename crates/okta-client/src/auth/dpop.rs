//! DPoP proofs (RFC 9449).

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, Method};
use jiff::Timestamp;
use josekit::jwt::JwtPayload;
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::key::PrivateKey;

/// The header in which the authorization server hands out nonces.
pub(crate) const NONCE_HEADER: &str = "dpop-nonce";

/// Makes proofs. One per attempt: a proof works once.
#[derive(Debug)]
pub(crate) struct Prover {
    key: PrivateKey,
    nonce: Mutex<Option<String>>,
}

impl Prover {
    pub(crate) const fn new(key: PrivateKey) -> Self {
        Self { key, nonce: Mutex::new(None) }
    }

    /// Keeps the nonce of an answer, if it has one.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        if let Some(nonce) = headers.get(NONCE_HEADER).and_then(|v| v.to_str().ok()) {
            *self.nonce.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(nonce.to_owned());
        }
    }

    /// A proof for one request; bound to `access_token` on calls of the API.
    pub(crate) fn proof(
        &self,
        method: &Method,
        url: &Url,
        access_token: Option<&str>,
        now: Timestamp,
    ) -> Result<String> {
        let mut htu = url.clone();
        htu.set_query(None);
        htu.set_fragment(None);
        let nonce = self.nonce.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        let mut claims = JwtPayload::new();
        let mut set = |name: &str, value: serde_json::Value| {
            claims.set_claim(name, Some(value)).map_err(Error::Signing)
        };
        set("htm", method.as_str().into())?;
        set("htu", htu.as_str().into())?;
        set("iat", now.as_second().into())?;
        set("jti", Uuid::new_v4().to_string().into())?;
        if let Some(nonce) = nonce {
            set("nonce", nonce.into())?;
        }
        if let Some(token) = access_token {
            set("ath", URL_SAFE_NO_PAD.encode(Sha256::digest(token)).into())?;
        }
        self.key.sign_with_jwk("dpop+jwt", &claims).map_err(Error::Signing)
    }
}
