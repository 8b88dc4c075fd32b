//! DPoP proofs (RFC 9449).

use std::sync::{Mutex, PoisonError};

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

/// The header in which nonces are handed out.
pub(crate) const NONCE_HEADER: &str = "dpop-nonce";

/// The last nonce of one server. The nonces of the authorization server don't apply to the API (RFC 9449, section 9).
#[derive(Debug, Default)]
pub(crate) struct Nonce(Mutex<Option<String>>);

impl Nonce {
    /// Stores the nonce of a response, if it has one.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        if let Some(nonce) = headers.get(NONCE_HEADER).and_then(|v| v.to_str().ok()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(nonce.to_owned());
        }
    }

    fn get(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Creates proofs. One per attempt: a proof is valid once.
#[derive(Debug)]
pub(crate) struct Prover {
    key: PrivateKey,
    /// The nonce that the token endpoint requires.
    pub(crate) for_token: Nonce,
    /// The nonce that the API requires, if ever.
    pub(crate) for_api: Nonce,
}

impl Prover {
    pub(crate) fn new(key: PrivateKey) -> Self {
        Self { key, for_token: Nonce::default(), for_api: Nonce::default() }
    }

    /// A proof for one request: of the API, bound to the `access_token`, or else of the token endpoint.
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
        let mut claims = JwtPayload::new();
        let mut set = |name: &str, value: serde_json::Value| {
            claims.set_claim(name, Some(value)).map_err(Error::Signing)
        };
        set("htm", method.as_str().into())?;
        set("htu", htu.as_str().into())?;
        set("iat", now.as_second().into())?;
        set("jti", Uuid::new_v4().to_string().into())?;
        let nonce = if access_token.is_some() { &self.for_api } else { &self.for_token };
        if let Some(nonce) = nonce.get() {
            set("nonce", nonce.into())?;
        }
        if let Some(token) = access_token {
            set("ath", URL_SAFE_NO_PAD.encode(Sha256::digest(token)).into())?;
        }
        self.key.sign_with_jwk("dpop+jwt", &claims).map_err(Error::Signing)
    }
}
