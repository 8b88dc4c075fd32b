//! The access token of a service app: fetched when needed and renewed before it expires, by one task at a time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method, StatusCode};
use jiff::{SignedDuration, Timestamp};
use josekit::jwt::JwtPayload;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::time::Instant;
use tracing::Instrument;
use tracing::field::Empty;
use url::Url;
use uuid::Uuid;

use super::app_key::AppKey;
use super::clock::{Corrections, ServerClock};
use super::dpop::Prover;
use super::signature::{DPOP, Signature, TokenSerial, proof_value, secret_value};
use crate::client::{Transport, not_oauth, pause, record, undecodable};
use crate::endpoint;
use crate::error::{Error, Result};
use crate::key::PrivateKey;
use crate::pacer::{Pacer, SHORTEST};
use crate::text::{json, printable, without_secrets};

/// The time before its expiry at which a token is renewed: a request that starts with it must still be accepted.
const EARLY: Duration = Duration::from_mins(5);
/// A token that could not be renewed early is renewed again after this, while it still works.
const AGAIN: Duration = Duration::from_secs(30);
/// The maximum age of a token. Okta's tokens last one hour; one that claims to last longer is renewed after this time.
const MAX_LIFETIME: Duration = Duration::from_hours(24);
/// The lifetime of an assertion. Okta allows an hour; each attempt has a new one.
const ASSERTION_LIFETIME: SignedDuration = SignedDuration::from_mins(5);
/// The backdating of assertions and proofs: Okta rejects dates in the future.
const BACKDATE: SignedDuration = SignedDuration::from_secs(2);
/// A window of the rate limit is never longer.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);
/// The number of attempts of a token request while the org returns server errors.
const ATTEMPTS: u32 = 5;
/// Far above any response of the token endpoint.
const LARGEST_ANSWER: usize = 1 << 20;

pub(super) struct Token {
    value: SecretString,
    pub(super) bound: bool,
    serial: TokenSerial,
    ends: Instant,
    pub(super) scopes: Vec<String>,
}

/// The token in use.
struct Held {
    token: Arc<Token>,
    renew_at: Instant,
}

/// The state of requesting tokens. The holder sends the request; the others wait for the result.
#[derive(Default)]
struct Renewal {
    serial: u64,
    /// The last failure, shared with the callers that waited for it.
    failed: Option<(Instant, Error)>,
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
    // Some rejections use the error object of the API.
    #[serde(alias = "errorCode")]
    error: String,
    #[serde(alias = "errorSummary")]
    error_description: String,
}

/// The response of the token endpoint.
enum TokenResult {
    Token(TokenAnswer),
    Refused(TokenRefusal),
    /// A response that is no OAuth error.
    NotOauth(Error),
    /// For so long, by the rate limit.
    Closed(Duration),
}

/// An *API Services* app.
pub(crate) struct ServiceApp {
    client_id: String,
    key: AppKey,
    scopes: Vec<String>,
    token_url: Url,
    prover: Prover,
    clock: ServerClock,
    pacer: Pacer,
    held: Mutex<Option<Held>>,
    renewal: tokio::sync::Mutex<Renewal>,
}

impl ServiceApp {
    pub(crate) fn new(
        org: &Url,
        client_id: String,
        key: PrivateKey,
        scopes: Vec<String>,
        proof_key: PrivateKey,
        pacer: Pacer,
    ) -> Self {
        let mut token_url = org.clone();
        token_url.set_path(endpoint::TOKEN);
        Self {
            client_id,
            key: AppKey::new(key),
            scopes,
            token_url,
            prover: Prover::new(proof_key),
            clock: ServerClock::default(),
            pacer,
            held: Mutex::default(),
            renewal: tokio::sync::Mutex::default(),
        }
    }

    /// Stores the nonce of an API response.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        self.prover.for_api.learn(headers);
    }

    /// Corrects the clock after a request with this offset was rejected.
    pub(super) fn correct(&self, refusal: &HeaderMap, offset: i64, tried: &mut Corrections) -> bool {
        self.clock.correct(refusal, offset, tried)
    }

    pub(super) async fn sign(
        &self,
        transport: &Transport,
        method: &Method,
        url: &Url,
        deadline: Instant,
    ) -> Result<Signature> {
        let token = self.token(transport, deadline).await?;
        let value = token.value.expose_secret();
        let mut headers = HeaderMap::new();
        let offset = self.clock.offset();
        if token.bound {
            let proof = self.prover.proof(method, url, Some(value), backdated(offset))?;
            headers.insert(DPOP, proof_value(&proof)?);
            headers.insert(AUTHORIZATION, secret_value("DPoP", value)?);
        } else {
            headers.insert(AUTHORIZATION, secret_value("Bearer", value)?);
        }
        Ok(Signature { headers, serial: token.serial, offset })
    }

    pub(super) fn discard(&self, refused: TokenSerial) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|held| held.token.serial == refused) {
            *held = None;
        }
    }

    pub(super) fn requested_scopes(&self) -> &[String] {
        &self.scopes
    }

    /// True if the token is known to lack a scope. A response without scopes proves nothing.
    pub(super) fn lacks(&self, scope: &str) -> bool {
        let held = self.held();
        let scopes = held.as_ref().map_or(&[][..], |held| &held.token.scopes);
        !scopes.is_empty() && !endpoint::covers(scopes, scope)
    }

    fn held(&self) -> MutexGuard<'_, Option<Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, unless it is time for another one.
    fn fresh(&self) -> Option<Arc<Token>> {
        let held = self.held();
        held.as_ref().filter(|held| Instant::now() < held.renew_at).map(|held| Arc::clone(&held.token))
    }

    /// The token; a new one when it is due. One task requests it, and all waiting tasks share the result. If that task
    /// is dropped, the next one requests it.
    pub(super) async fn token(&self, transport: &Transport, deadline: Instant) -> Result<Arc<Token>> {
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        let waiting_since = Instant::now();
        let mut renewal = self.renewal.lock().await;
        if let Some(token) = self.fresh() {
            return Ok(token);
        }
        if let Some((when, error)) = &renewal.failed
            && *when >= waiting_since
            && let Some(error) = error.again()
        {
            return Err(error);
        }
        let now = Instant::now();
        let unexpired =
            self.held().as_ref().filter(|held| now < held.token.ends).map(|held| Arc::clone(&held.token));
        // With a token that works there is no need to insist.
        let attempts = if unexpired.is_some() { 1 } else { ATTEMPTS };
        let span = tracing::debug_span!("okta_token", status = Empty, request_id = Empty);
        let error = match self.request(transport, attempts, deadline).instrument(span).await {
            Ok(answer) => {
                renewal.serial += 1;
                renewal.failed = None;
                return Ok(self.hold(answer, TokenSerial(renewal.serial)));
            }
            Err(error) => error,
        };
        if let Some(token) = unexpired.filter(|_| error.is_transient()) {
            tracing::debug!(%error, "could not renew the access token yet");
            if let Some(held) = self.held().as_mut() {
                held.renew_at = (Instant::now() + AGAIN).min(token.ends);
            }
            return Ok(token);
        }
        renewal.failed = error.again().map(|error| (Instant::now(), error));
        Err(error)
    }

    fn hold(&self, answer: TokenAnswer, serial: TokenSerial) -> Arc<Token> {
        let now = Instant::now();
        let lifetime = Duration::from_secs(answer.expires_in).min(MAX_LIFETIME);
        let token = Arc::new(Token {
            // The response decides, not the settings: an app may or may not require DPoP.
            bound: answer.token_type.eq_ignore_ascii_case("DPoP"),
            value: answer.access_token,
            ends: now + lifetime,
            serial,
            scopes: answer.scope.split_whitespace().map(str::to_owned).collect(),
        });
        let renew_at = now + lifetime.saturating_sub(EARLY.min(lifetime / 2));
        *self.held() = Some(Held { token: Arc::clone(&token), renew_at });
        token
    }

    async fn request(&self, transport: &Transport, attempts: u32, deadline: Instant) -> Result<TokenAnswer> {
        let (mut nonce_requested, mut corrections, mut failures) = (false, Corrections::default(), 0);
        loop {
            let offset = self.clock.offset();
            let answer = match self.attempt(transport, offset).await {
                Ok((response, secrets)) => {
                    let headers = response.headers().clone();
                    self.prover.for_token.learn(&headers);
                    record(response.status(), &headers);
                    self.read(transport, response, &secrets).await.map(|answer| (answer, headers))
                }
                Err(error) => Err(error),
            };
            let (wait, error) = match answer {
                Ok((TokenResult::Token(token), _)) => return Ok(token),
                Ok((TokenResult::Closed(retry_after), _)) => {
                    (retry_after, Error::RateLimited { path: endpoint::TOKEN.into(), retry_after })
                }
                Ok((TokenResult::Refused(refusal), headers)) => {
                    if refusal.error == "use_dpop_nonce" && !std::mem::replace(&mut nonce_requested, true) {
                        continue;
                    }
                    // Assertion and proof may have been dated by a clock that is wrong.
                    let dated = ["invalid_dpop_proof", "invalid_client"].contains(&refusal.error.as_str());
                    if dated && self.clock.correct(&headers, offset, &mut corrections) {
                        continue;
                    }
                    if self.key.has_other_id(&refusal.error, &refusal.error_description) {
                        continue;
                    }
                    return Err(refused(refusal));
                }
                Err(error) if error.is_transient() => (pause(failures + 1).max(SHORTEST), error),
                Ok((TokenResult::NotOauth(error), _)) | Err(error) => return Err(error),
            };
            failures += 1;
            if failures >= attempts || Instant::now() + wait >= deadline {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// The meaning of a token endpoint response.
    async fn read(
        &self,
        transport: &Transport,
        response: reqwest::Response,
        secrets: &[String; 2],
    ) -> Result<TokenResult> {
        let path = || endpoint::TOKEN.to_owned();
        let status = response.status();
        if status.is_redirection() {
            return Err(Error::Redirect { path: path() });
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            let wait = reset(response.headers());
            self.pacer.sign_in_refused(wait);
            return Ok(TokenResult::Closed(wait));
        }
        if matches!(status.as_u16(), 500 | 502..=504) {
            return Err(Error::Unavailable { path: path(), status: status.as_u16() });
        }
        let body = transport.body(response, &self.token_url, LARGEST_ANSWER).await?;
        if !status.is_success() {
            let body = without_secrets(body, &secrets.each_ref().map(String::as_str));
            let refusal =
                json(&body).and_then(|body| TokenRefusal::deserialize(body).ok()).unwrap_or_default();
            if refusal.error.is_empty() {
                return Ok(TokenResult::NotOauth(not_oauth(endpoint::TOKEN, status, &body)));
            }
            return Ok(TokenResult::Refused(refusal));
        }
        serde_json::from_slice(&body)
            .map(TokenResult::Token)
            .map_err(|error| undecodable::<TokenAnswer>(endpoint::TOKEN, "an access token", &body, error))
    }

    /// The response, and the secrets that were sent for it.
    async fn attempt(&self, transport: &Transport, offset: i64) -> Result<(reqwest::Response, [String; 2])> {
        let now = backdated(offset);
        // Okta stores the IDs of assertions and proofs even if it rejects the request.
        let assertion = self.assertion(now)?;
        let proof = self.prover.proof(&Method::POST, &self.token_url, None, now)?;
        let response = transport
            .http
            .post(self.token_url.clone())
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
            .map_err(|error| transport.failed(&self.token_url, &error))?;
        Ok((response, [assertion, proof]))
    }

    fn assertion(&self, now: Timestamp) -> Result<String> {
        let mut claims = JwtPayload::new();
        for (name, value) in [
            ("iss", self.client_id.as_str().into()),
            ("sub", self.client_id.as_str().into()),
            ("aud", self.token_url.as_str().into()),
            ("iat", serde_json::Value::from(now.as_second())),
            ("exp", now.checked_add(ASSERTION_LIFETIME).unwrap_or(now).as_second().into()),
            ("jti", Uuid::new_v4().to_string().into()),
        ] {
            claims.set_claim(name, Some(value)).map_err(Error::Signing)?;
        }
        self.key.sign(&claims)
    }
}

/// The time that is written into assertions and proofs.
fn backdated(offset: i64) -> Timestamp {
    let now = ServerClock::now(offset);
    now.checked_sub(BACKDATE).unwrap_or(now)
}

fn refused(refusal: TokenRefusal) -> Error {
    let TokenRefusal { error, error_description } = refusal;
    Error::Credentials {
        error: printable(&error),
        description: if error_description.is_empty() {
            "no reason given".into()
        } else {
            printable(&error_description)
        },
    }
}

/// The time for which the token endpoint is closed: slightly longer than its response says, or a few seconds.
fn reset(headers: &HeaderMap) -> Duration {
    let epoch = headers.get("x-rate-limit-reset").and_then(|v| v.to_str().ok()?.parse().ok());
    let wait = epoch.and_then(|epoch| ServerClock::until(headers, epoch));
    let wait = wait.or_else(|| ServerClock::retry_after(headers)).unwrap_or(Duration::from_secs(5));
    wait.clamp(SHORTEST, LONGEST_WINDOW) + SHORTEST.mul_f64(rand::random_range(0.2..1.0))
}
