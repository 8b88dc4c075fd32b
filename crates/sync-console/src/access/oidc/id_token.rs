//! Validation of ID tokens (OpenID Connect Core, 3.1.3.7).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use josekit::jwk::Jwk;
use josekit::jws::{ES256, JwsVerifier, RS256};
use josekit::jwt;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::access::crypto::same;

/// The accepted offset between the clocks of the org and the console, in seconds.
const SKEW: i64 = 120;

/// The reason for which an ID token is invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdTokenError {
    /// It is no token of the kind.
    #[error("it is not a signed token")]
    Malformed,
    /// It is signed in a way that is not accepted.
    #[error("its algorithm must be RS256 or ES256")]
    Algorithm,
    /// The org does not publish the key.
    #[error("the org does not publish its signing key")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is invalid")]
    Signature,
    /// Another org issued it.
    #[error("another org issued it")]
    Issuer,
    /// It is for another app.
    #[error("it is for another app")]
    Audience,
    /// It has expired, or has no expiration.
    #[error("it expired; check the clock of this host")]
    Expired,
    /// It was issued in the future, or has no time of issue.
    #[error("it was issued in the future; check the clock of this host")]
    IssuedLater,
    /// It belongs to another sign-in.
    #[error("it belongs to another sign-in")]
    Nonce,
    /// `/userinfo` has another subject.
    #[error("the user info is for another user")]
    OtherSubject,
}

/// The expected claims of the token.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    /// In seconds.
    pub(super) now: i64,
}

/// The claims about the person.
#[derive(Debug, Deserialize)]
pub(super) struct Claims {
    pub(super) sub: String,
    pub(super) preferred_username: Option<String>,
    pub(super) groups: Option<Vec<String>>,
}

/// Verifies a token and returns its claims.
pub(super) fn verify(
    token: &SecretString,
    keys: &[Jwk],
    expected: &Expected<'_>,
) -> Result<Claims, IdTokenError> {
    let token = token.expose_secret();
    let header = header(token).ok_or(IdTokenError::Malformed)?;
    let text = |name: &str| header.get(name).and_then(Value::as_str);
    let kid = text("kid").ok_or(IdTokenError::UnknownKey)?;
    let key = keys.iter().find(|key| key.key_id() == Some(kid)).ok_or(IdTokenError::UnknownKey)?;
    // The kind of key decides, not the token: a key of another kind has no such verifier.
    let verifier: Option<Box<dyn JwsVerifier>> = match text("alg") {
        Some("RS256") => RS256.verifier_from_jwk(key).ok().map(|verifier| Box::new(verifier) as _),
        Some("ES256") => ES256.verifier_from_jwk(key).ok().map(|verifier| Box::new(verifier) as _),
        _ => None,
    };
    let verifier = verifier.ok_or(IdTokenError::Algorithm)?;
    let (payload, _) =
        jwt::decode_with_verifier(token, verifier.as_ref()).map_err(|_| IdTokenError::Signature)?;
    let claims = payload.claims_set();
    check(claims, expected)?;
    serde_json::from_value(Value::Object(claims.clone())).map_err(|_| IdTokenError::Malformed)
}

fn header(token: &str) -> Option<Map<String, Value>> {
    let (header, _) = token.split_once('.')?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).ok()?).ok()
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), IdTokenError> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let number = |name: &str| claims.get(name).and_then(Value::as_i64);
    if text("iss") != Some(expected.issuer) {
        return Err(IdTokenError::Issuer);
    }
    let meant = match claims.get("aud") {
        Some(Value::String(audience)) => audience == expected.client_id,
        // If there are several audiences, a separate claim names the client.
        Some(Value::Array(all)) => {
            all.iter().any(|audience| audience == expected.client_id)
                && (all.len() == 1 || text("azp") == Some(expected.client_id))
        }
        _ => false,
    };
    if !meant || text("azp").is_some_and(|party| party != expected.client_id) {
        return Err(IdTokenError::Audience);
    }
    if number("exp").is_none_or(|expires| expires.saturating_add(SKEW) <= expected.now) {
        return Err(IdTokenError::Expired);
    }
    if number("iat").is_none_or(|issued| issued > expected.now.saturating_add(SKEW)) {
        return Err(IdTokenError::IssuedLater);
    }
    if !text("nonce").is_some_and(|nonce| same(nonce, expected.nonce)) {
        return Err(IdTokenError::Nonce);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
