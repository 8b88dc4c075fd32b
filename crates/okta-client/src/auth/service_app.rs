//! The token of a service app: asked for when needed, renewed in time, by one task at a time.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use josekit::jwt::JwtPayload;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;
use uuid::Uuid;

use super::dpop::Prover;
use super::{AUTHORIZATION, DPOP, ServerClock, TokenSerial, secret_value};
use crate::client::pause;
use crate::endpoint;
use crate::error::{Error, Result};
use crate::key::PrivateKey;

/// How long before its end a token is renewed: a request that starts with it must still be accepted.
const EARLY: Duration = Duration::from_mins(5);
/// How long an assertion is good for. Okta allows an hour; a fresh one is made for each attempt.
const ASSERTION_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// Okta refuses assertions and proofs from the future, however near.
const BACKDATE: SignedDuration = SignedDuration::from_secs(2);
/// A window of the rate limit is never longer.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);
/// How often a token request is tried when the org has trouble of its own.
const ATTEMPTS: u32 = 5;

struct Token {
    value: SecretString,
    bound: bool,
    renew_at: Instant,
    serial: TokenSerial,
    scopes: Vec<String>,
}

#[derive(Deserialize)]
struct TokenAnswer {
    token_type: String,
    expires_in: u64,
    access_token: SecretString,
    #[serde(default)]
    scope: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct TokenRefusal {
    error: String,
    error_description: String,
}

/// An *API Services* app.
pub(crate) struct ServiceApp {
    client_id: String,
    key: PrivateKey,
    scopes: Vec<String>,
    token_url: Url,
    prover: Prover,
    clock: ServerClock,
    token: Mutex<(u64, Option<Token>)>,
}

impl ServiceApp {
    pub(crate) fn new(
        org: &Url,
        client_id: String,
        key: PrivateKey,
        scopes: Vec<String>,
        proof_key: PrivateKey,
    ) -> Self {
        let mut token_url = org.clone();
        token_url.set_path(endpoint::TOKEN);
        Self {
            client_id,
            key,
            scopes,
            token_url,
            prover: Prover::new(proof_key),
            clock: ServerClock::default(),
            token: Mutex::new((0, None)),
        }
    }

    /// Learns the nonce and the time. `true` when the time is not what it was taken for.
    pub(crate) fn learn(&self, headers: &HeaderMap) -> bool {
        self.prover.learn(headers);
        self.clock.learn(headers)
    }

    pub(crate) async fn sign(
        &self,
        http: &reqwest::Client,
        method: &Method,
        url: &Url,
    ) -> Result<(HeaderMap, TokenSerial)> {
        let (value, bound, serial) = self.token(http).await?;
        let token = value.expose_secret();
        let mut headers = HeaderMap::new();
        if bound {
            let proof = self.prover.proof(method, url, Some(token), self.now())?;
            headers.insert(DPOP, proof_value(&proof)?);
            headers.insert(AUTHORIZATION, secret_value("DPoP", token)?);
        } else {
            headers.insert(AUTHORIZATION, secret_value("Bearer", token)?);
        }
        Ok((headers, serial))
    }

    pub(crate) async fn forget(&self, refused: TokenSerial) {
        let mut slot = self.token.lock().await;
        if slot.1.as_ref().is_some_and(|token| token.serial == refused) {
            slot.1 = None;
        }
    }

    /// What Okta granted of what was asked.
    pub(crate) async fn granted(&self, http: &reqwest::Client) -> Result<Vec<String>> {
        self.token(http).await?;
        Ok(self.token.lock().await.1.as_ref().map(|token| token.scopes.clone()).unwrap_or_default())
    }

    pub(crate) fn asked(&self) -> &[String] {
        &self.scopes
    }

    /// Whether the token is known not to have a scope. An answer that names no scopes says nothing.
    pub(crate) async fn lacks(&self, scope: &str) -> bool {
        let slot = self.token.lock().await;
        let scopes = slot.1.as_ref().map_or(&[][..], |token| &token.scopes);
        !scopes.is_empty() && !endpoint::covers(scopes, scope)
    }

    fn now(&self) -> Timestamp {
        let now = self.clock.now();
        now.checked_sub(BACKDATE).unwrap_or(now)
    }

    async fn token(&self, http: &reqwest::Client) -> Result<(SecretString, bool, TokenSerial)> {
        // Held while asking, so that tasks that need a token wait for the one that fetches it.
        let mut slot = self.token.lock().await;
        if slot.1.as_ref().is_none_or(|token| Instant::now() >= token.renew_at) {
            let answer = self.request(http).await?;
            slot.0 += 1;
            let life = Duration::from_secs(answer.expires_in);
            slot.1 = Some(Token {
                // The answer decides, not the settings: an app may or may not require DPoP.
                bound: answer.token_type.eq_ignore_ascii_case("DPoP"),
                value: answer.access_token,
                renew_at: Instant::now() + life.saturating_sub(EARLY.min(life / 2)),
                serial: TokenSerial(slot.0),
                scopes: answer.scope.split_whitespace().map(str::to_owned).collect(),
            });
        }
        match &slot.1 {
            Some(token) => Ok((token.value.clone(), token.bound, token.serial)),
            None => {
                Err(Error::Credentials { error: "no_token".into(), description: "Okta gave no token".into() })
            }
        }
    }

    async fn request(&self, http: &reqwest::Client) -> Result<TokenAnswer> {
        let (mut nonce_asked, mut clock_set, mut failures) = (false, false, 0);
        loop {
            let (wait, trouble) = match self.attempt(http).await {
                Ok(response) => {
                    let other_time = self.learn(response.headers());
                    let status = response.status();
                    if status.is_success() {
                        let bytes = response.bytes().await.map_err(|error| self.unreachable(&error))?;
                        return serde_json::from_slice(&bytes).map_err(|source| Error::Decode {
                            path: endpoint::TOKEN.into(),
                            expected: "an access token",
                            source,
                        });
                    }
                    if status.is_redirection() {
                        return Err(Error::Redirect { path: endpoint::TOKEN.into() });
                    }
                    if status == StatusCode::TOO_MANY_REQUESTS {
                        let retry_after = reset(response.headers());
                        (retry_after, Error::RateLimited { path: endpoint::TOKEN.into(), retry_after })
                    } else if status.is_server_error() {
                        let trouble =
                            Error::Unavailable { path: endpoint::TOKEN.into(), status: status.as_u16() };
                        (pause(failures + 1), trouble)
                    } else {
                        let body = response.bytes().await.unwrap_or_default();
                        let refusal: TokenRefusal = serde_json::from_slice(&body).unwrap_or_default();
                        if refusal.error == "use_dpop_nonce" && !std::mem::replace(&mut nonce_asked, true) {
                            continue;
                        }
                        // Assertion and proof were dated by a clock that turns out to be wrong.
                        if other_time && !std::mem::replace(&mut clock_set, true) {
                            continue;
                        }
                        return Err(refused(status, refusal));
                    }
                }
                Err(error) if error.is_transient() => (pause(failures + 1), error),
                Err(error) => return Err(error),
            };
            failures += 1;
            if failures >= ATTEMPTS {
                return Err(trouble);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, http: &reqwest::Client) -> Result<reqwest::Response> {
        // Okta remembers the ids of assertions and proofs even when it refuses the request.
        let assertion = self.assertion()?;
        let proof = self.prover.proof(&Method::POST, &self.token_url, None, self.now())?;
        http.post(self.token_url.clone())
            .header(DPOP, proof_value(&proof)?)
            .header(http::header::ACCEPT, "application/json")
            .form(&[
                ("grant_type", "client_credentials"),
                ("scope", &self.scopes.join(" ")),
                ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
                ("client_assertion", &assertion),
            ])
            .send()
            .await
            .map_err(|error| self.unreachable(&error))
    }

    fn assertion(&self) -> Result<String> {
        let now = self.now();
        let mut claims = JwtPayload::new();
        for (name, value) in [
            ("iss", self.client_id.as_str().into()),
            ("sub", self.client_id.as_str().into()),
            ("aud", self.token_url.as_str().into()),
            ("iat", serde_json::Value::from(now.as_second())),
            ("exp", now.checked_add(ASSERTION_LIFE).unwrap_or(now).as_second().into()),
            ("jti", Uuid::new_v4().to_string().into()),
        ] {
            claims.set_claim(name, Some(value)).map_err(Error::Signing)?;
        }
        self.key.sign_with_kid(&claims).map_err(Error::Signing)
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        crate::client::transport(&self.token_url, error)
    }
}

fn refused(status: StatusCode, refusal: TokenRefusal) -> Error {
    let TokenRefusal { error, error_description } = refusal;
    Error::Credentials {
        error: if error.is_empty() { format!("status {}", status.as_u16()) } else { error },
        description: if error_description.is_empty() { "no reason given".into() } else { error_description },
    }
}

/// How long the token endpoint is closed, a little more than it says, or a few seconds.
fn reset(headers: &HeaderMap) -> Duration {
    let epoch = headers.get("x-rate-limit-reset").and_then(|v| v.to_str().ok()?.parse().ok());
    let told = epoch.map_or(Duration::from_secs(5), |epoch| ServerClock::until(headers, epoch));
    told.min(LONGEST_WINDOW) + Duration::from_secs(1).mul_f64(rand::random_range(0.2..1.0))
}

fn proof_value(proof: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(proof).map_err(|_| Error::Credentials {
        error: "invalid_dpop_proof".into(),
        description: "the proof does not fit a header".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
