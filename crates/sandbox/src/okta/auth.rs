//! Tokens: assertions, proofs, nonces, scopes. The checks are Okta's.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use josekit::jwk::Jwk;
use josekit::jwk::alg::rsa::RsaKeyPair;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::jws::Jws;
use super::refusal::{AccessRefused, TokenRefused};
use crate::clock::now;
use crate::error::SandboxError;
use crate::options::DpopMode;
use crate::origin::origin;

/// Proofs and assertions may be this old, in seconds.
const MAX_AGE: i64 = 300;
const TOKEN_MAX_AGE: i64 = 3600;

struct Token {
    expires: i64,
    /// The thumbprint of the key that it is bound to.
    key: Option<String>,
    scopes: HashSet<String>,
}

#[derive(Default)]
struct Memory {
    tokens: HashMap<String, Token>,
    used: HashSet<String>,
    nonce: String,
}

/// The org's authorization server, and the one app that is registered with it.
pub(super) struct Authority {
    url: Url,
    mode: DpopMode,
    client_id: &'static str,
    kid: String,
    pair: RsaKeyPair,
    /// The public keys of the app by id.
    keys: Mutex<HashMap<String, Jwk>>,
    memory: Mutex<Memory>,
    granted: Mutex<HashSet<String>>,
    /// The offset of the org's clock, in seconds.
    clock: AtomicI64,
}

impl Authority {
    pub(super) fn new(url: Url, mode: DpopMode) -> Result<Self, SandboxError> {
        let pair = RsaKeyPair::generate(2048).map_err(SandboxError::Key)?;
        let kid = thumbprint(pair.to_jwk_public_key().as_ref());
        let scopes = [
            "okta.users.read",
            "okta.groups.read",
            "okta.userTypes.read",
            "okta.schemas.read",
            "okta.logs.read",
            "okta.eventHooks.read",
            "okta.eventHooks.manage",
        ];
        let memory = Memory { nonce: Uuid::new_v4().to_string(), ..Memory::default() };
        Ok(Self {
            url,
            mode,
            client_id: "0oasandboxclient0d7",
            keys: Mutex::new([(kid.clone(), pair.to_jwk_public_key())].into()),
            kid,
            pair,
            memory: Mutex::new(memory),
            granted: Mutex::new(scopes.map(str::to_owned).into()),
            clock: AtomicI64::new(0),
        })
    }

    /// The org's time.
    pub(super) fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_secs(self.clock.load(Ordering::Relaxed));
        let now = now();
        now.checked_add(offset).unwrap_or(now)
    }

    pub(super) fn set_clock(&self, seconds: i64) {
        self.clock.store(seconds, Ordering::Relaxed);
        self.revoke();
    }

    /// The values that the app needs to sign in.
    pub(super) fn credentials(&self) -> Value {
        let mut jwk = Value::Object(self.pair.to_jwk_key_pair().as_ref().clone());
        jwk["kid"] = self.kid.clone().into();
        jwk["use"] = "sig".into();
        jwk["alg"] = "RS256".into();
        json!({
            "org_url": origin(&self.url),
            "client_id": self.client_id,
            "kid": self.kid,
            "private_key_jwk": jwk,
            "private_key_pem": String::from_utf8_lossy(&self.pair.to_pem_private_key()),
        })
    }

    /// Registers one more public key for the app, as an administrator does. `false` when it is none for signatures.
    pub(super) fn register_key(&self, key: &Map<String, Value>) -> bool {
        let kid = key.get("kid").and_then(Value::as_str).map(str::to_owned);
        let (Some(kid), Ok(jwk)) = (kid, Jwk::from_map(key.clone())) else { return false };
        if key.contains_key("d") || jwk.key_use() != Some("sig") {
            return false;
        }
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).insert(kid, jwk);
        true
    }

    /// The org's public metadata.
    pub(super) fn organization(&self) -> Value {
        let url = origin(&self.url);
        json!({ "id": "00osandbox00000000d7", "pipeline": "idx", "_links": { "organization": { "href": url } } })
    }

    /// Responds to a token request.
    pub(super) fn token(
        &self,
        headers: &HeaderMap,
        form: &HashMap<String, String>,
    ) -> Result<(Value, String), TokenRefused> {
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        if field("grant_type") != "client_credentials" {
            let description = "The authorization grant type is not supported.";
            return Err(TokenRefused::new(400, "unsupported_grant_type", description));
        }
        let assertion = Jws::read(field("client_assertion"));
        let assertion = assertion.filter(|_| {
            field("client_assertion_type") == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        });
        let checked = match assertion {
            None => Err("The client_assertion is missing or is no JWT."),
            Some(assertion) => self.check_assertion(&assertion),
        };
        checked.map_err(|description| TokenRefused::new(401, "invalid_client", description))?;
        let request: HashSet<String> = field("scope").split_whitespace().map(str::to_owned).collect();
        if request.is_empty() {
            return Err(TokenRefused::new(
                400,
                "invalid_scope",
                "The authorization server resource does not have any configured default scopes, 'scope' must be provided.",
            ));
        }
        let key = self.bound_key(headers)?;
        let scopes: HashSet<String> = request.intersection(&self.granted()).cloned().collect();
        if scopes.is_empty() {
            let description = "You are not allowed any of the requested scopes.";
            return Err(TokenRefused::new(400, "consent_required", description));
        }
        Ok(self.issue(key, scopes))
    }

    /// The thumbprint of the key that the token is bound to, from the request's proof.
    fn bound_key(&self, headers: &HeaderMap) -> Result<Option<String>, TokenRefused> {
        let proof = headers.get("dpop").and_then(|v| v.to_str().ok());
        let proof = match (self.mode, proof) {
            (DpopMode::Required, None) => {
                let description = "The DPoP proof JWT header is missing.";
                return Err(TokenRefused::new(400, "invalid_dpop_proof", description));
            }
            (DpopMode::Off, _) | (DpopMode::Optional, None) => return Ok(None),
            (_, Some(proof)) => proof,
        };
        let proof = self
            .check_proof(proof, "POST", self.token_url().as_str(), None)
            .map_err(|description| TokenRefused::new(400, "invalid_dpop_proof", description))?;
        let nonce = self.memory().nonce.clone();
        if proof.claim("nonce") != nonce {
            let description = "Authorization server requires nonce in DPoP proof.";
            return Err(TokenRefused {
                nonce: Some(nonce),
                ..TokenRefused::new(400, "use_dpop_nonce", description)
            });
        }
        Ok(proof.header.get("jwk").and_then(Value::as_object).map(thumbprint))
    }

    /// Issues a token, and returns the response and the nonce of the next request.
    fn issue(&self, key: Option<String>, scopes: HashSet<String>) -> (Value, String) {
        let token = format!("eyJ{}", Uuid::new_v4().simple());
        let mut granted: Vec<&str> = scopes.iter().map(String::as_str).collect();
        granted.sort_unstable();
        let answer = json!({
            "token_type": if key.is_some() { "DPoP" } else { "Bearer" },
            "expires_in": TOKEN_MAX_AGE, "access_token": token, "scope": granted.join(" "),
        });
        let expires = self.now().as_second() + TOKEN_MAX_AGE;
        let mut memory = self.memory();
        memory.tokens.insert(token, Token { expires, key, scopes });
        (answer, memory.nonce.clone())
    }

    fn token_url(&self) -> Url {
        let mut url = self.url.clone();
        url.set_path("/oauth2/v1/token");
        url
    }

    fn check_assertion(&self, assertion: &Jws) -> Result<(), &'static str> {
        let now = self.now().as_second();
        if assertion.claim("iss") != self.client_id || assertion.claim("sub") != self.client_id {
            return Err("The client ID is invalid, or no such client exists.");
        }
        let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let active = |key: &&Jwk| key.parameter("status").is_none_or(|status| status != "INACTIVE");
        let kid = assertion.header("kid");
        // Without an ID, the only key applies.
        let key = if kid.is_empty() && keys.len() == 1 { keys.values().next() } else { keys.get(kid) };
        let Some(key) = key.filter(active) else {
            return Err("The client_assertion JWT kid is invalid.");
        };
        if !assertion.is_signed_with(key) {
            return Err("The client_assertion signature is invalid.");
        }
        if assertion.claim("aud") != self.token_url().as_str() {
            return Err(
                "The audience claim for client_assertion must be the endpoint invoked for the request.",
            );
        }
        match assertion.number("exp") {
            None => return Err("The client_assertion token must have an expiration."),
            Some(exp) if exp <= now => return Err("The client_assertion token is expired."),
            Some(exp) if exp > now + 3600 => {
                return Err("The client_assertion token has an expiration too far into the future.");
            }
            Some(_) => {}
        }
        if assertion.number("iat").is_some_and(|iat| iat > now) {
            return Err("The client_assertion was issued in the future.");
        }
        let id = assertion.claim("jti");
        if !id.is_empty() && !self.memory().used.insert(format!("assertion {id}")) {
            return Err("The client_assertion token has already been used.");
        }
        Ok(())
    }

    fn check_proof(
        &self,
        proof: &str,
        method: &str,
        url: &str,
        token: Option<&str>,
    ) -> Result<Jws, &'static str> {
        let proof = Jws::read(proof).ok_or("The DPoP proof JWT is invalid.")?;
        if proof.header("typ") != "dpop+jwt" {
            return Err("The 'typ' header of the DPoP proof JWT must be 'dpop+jwt'.");
        }
        let key = proof
            .header
            .get("jwk")
            .and_then(Value::as_object)
            .ok_or("The DPoP proof JWT has no 'jwk' header.")?;
        if ["d", "p", "q", "k"].iter().any(|private| key.contains_key(*private)) {
            return Err("The 'jwk' header of the DPoP proof JWT must hold a public key only.");
        }
        let key =
            Jwk::from_map(key.clone()).map_err(|_| "The 'jwk' header of the DPoP proof JWT is invalid.")?;
        if !proof.is_signed_with(&key) {
            return Err("The DPoP proof JWT signature is invalid.");
        }
        if proof.claim("htm") != method {
            return Err("The 'htm' claim of the DPoP proof JWT does not match the method.");
        }
        if proof.claim("htu") != url {
            return Err("The 'htu' claim of the DPoP proof JWT does not match the URL.");
        }
        let now = self.now().as_second();
        match proof.number("iat") {
            Some(iat) if iat > now => return Err("The DPoP proof JWT was issued in the future."),
            Some(iat) if iat < now - MAX_AGE => return Err("The DPoP proof JWT is too old."),
            None => return Err("The DPoP proof JWT has no 'iat' claim."),
            Some(_) => {}
        }
        if let Some(token) = token
            && proof.claim("ath") != URL_SAFE_NO_PAD.encode(Sha256::digest(token))
        {
            return Err("The 'ath' claim of the DPoP proof JWT does not match the access token.");
        }
        let id = proof.claim("jti");
        if id.is_empty() {
            return Err("The DPoP proof JWT has no 'jti' claim.");
        }
        if !self.memory().used.insert(format!("proof {id}")) {
            return Err("The DPoP proof JWT has already been used.");
        }
        Ok(proof)
    }

    /// True if a request may proceed.
    pub(super) fn admit(
        &self,
        headers: &HeaderMap,
        method: &str,
        path: &str,
        scope: &'static str,
    ) -> Result<(), AccessRefused> {
        let refuse = AccessRefused::new;
        let authorization = headers.get("authorization").and_then(|v| v.to_str().ok()).unwrap_or_default();
        let (scheme, token) = authorization.split_once(' ').unwrap_or_default();
        let (bound, may) = {
            let memory = self.memory();
            let known = memory.tokens.get(token).filter(|t| t.expires > self.now().as_second());
            let known =
                known.ok_or_else(|| refuse(401, "invalid_token", "The token is expired or unknown."))?;
            let manage = scope.replace(".read", ".manage");
            (known.key.clone(), known.scopes.contains(scope) || known.scopes.contains(&manage))
        };
        match (bound, scheme) {
            (None, "Bearer") => {}
            (None, _) => {
                return Err(refuse(401, "invalid_token", "The presented access_token is not DPoP bound."));
            }
            (Some(_), "Bearer") => {
                return Err(refuse(400, "invalid_request", "The resource request requires a DPoP proof."));
            }
            (Some(key), _) => {
                let proof = headers.get("dpop").and_then(|v| v.to_str().ok());
                let proof = proof.ok_or_else(|| {
                    refuse(400, "invalid_request", "The resource request requires a DPoP proof.")
                })?;
                let mut url = self.url.clone();
                url.set_path(path);
                let proof = self
                    .check_proof(proof, method, url.as_str(), Some(token))
                    .map_err(|description| refuse(400, "invalid_dpop_proof", description))?;
                if proof.header.get("jwk").and_then(Value::as_object).map(thumbprint) != Some(key) {
                    let description = "The access_token is not bound to the provided DPoP proof.";
                    return Err(refuse(400, "invalid_dpop_proof", description));
                }
            }
        }
        if may { Ok(()) } else { Err(refuse(403, "insufficient_scope", "The access token lacks the scope.")) }
    }

    /// Revokes every issued token.
    pub(super) fn revoke(&self) {
        self.memory().tokens.clear();
    }

    /// Revokes a scope of the app, or grants it again.
    pub(super) fn grant(&self, scope: &str, granted: bool) {
        if granted {
            self.granted().insert(scope.to_owned());
        } else {
            self.granted().remove(scope);
        }
        self.revoke();
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn granted(&self) -> MutexGuard<'_, HashSet<String>> {
        self.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn thumbprint(key: &Map<String, Value>) -> String {
    let names: &[&str] = if key.get("kty").is_some_and(|k| k == "RSA") {
        &["e", "kty", "n"]
    } else {
        &["crv", "kty", "x", "y"]
    };
    let members: Map<String, Value> =
        names.iter().map(|&n| (n.to_owned(), key.get(n).cloned().unwrap_or_default())).collect();
    URL_SAFE_NO_PAD.encode(Sha256::digest(Value::Object(members).to_string()))
}
