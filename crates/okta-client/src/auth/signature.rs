//! The headers that authenticate a request.

use http::header::HeaderName;
use http::{HeaderMap, HeaderValue};

use crate::error::{Error, Result};

pub(super) const DPOP: HeaderName = HeaderName::from_static("dpop");

/// The headers that authenticate a request, and the token that they were created with.
pub(crate) struct Signature {
    pub(crate) headers: HeaderMap,
    pub(crate) serial: TokenSerial,
    /// The clock's offset that they were dated with.
    pub(crate) offset: i64,
}

/// The token that a request was signed with, so that only that one is discarded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenSerial(pub(crate) u64);

/// A header that contains a secret.
pub(super) fn secret_value(scheme: &str, secret: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}")).map_err(|_| Error::Credentials {
        error: "invalid_token".into(),
        description: "the token contains characters that aren't permitted in a header".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// A header that contains a proof.
pub(super) fn proof_value(proof: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(proof).map_err(|_| Error::Credentials {
        error: "invalid_dpop_proof".into(),
        description: "the proof does not fit a header".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
