//! The one place where requests are sent: paced, signed, retried.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use url::Url;

use super::OktaClient;
use super::refusal::{self, Refusal, refused};
use crate::auth::NONCE_HEADER;
use crate::endpoint;
use crate::error::{Error, Result};

/// How often a call is tried when the org has trouble of its own. Waits for the rate limit do not count.
const ATTEMPTS: u32 = 6;
/// No answer of Okta's comes near; what is larger is no answer of Okta's.
const LARGEST_ANSWER: usize = 64 << 20;
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// Without these members users are read faster. All three are needed for that.
/// <https://developer.okta.com/docs/api/openapi/okta-management/management/tag/User/>
const LEAN: HeaderValue = HeaderValue::from_static(
    "application/json; okta-response=\"omitCredentials,omitCredentialsLinks,omitTransitioningToStatus\"",
);

/// A call of the API.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    method: Method,
    url: Url,
    body: Option<Bytes>,
    lean: bool,
    repeatable: bool,
    /// What a successful answer holds.
    pub(super) expected: &'static str,
}

impl Call {
    pub(crate) const fn new(method: Method, url: Url, expected: &'static str) -> Self {
        Self { method, url, body: None, lean: false, repeatable: true, expected }
    }

    pub(crate) const fn get(url: Url, expected: &'static str) -> Self {
        Self::new(Method::GET, url, expected)
    }

    /// Leaves out what is in a user beside the profile and nobody asks for.
    pub(crate) const fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    /// With a JSON body.
    pub(crate) fn with(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Not to be sent again when nobody knows whether it arrived.
    pub(crate) const fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// The same call at another address, as a `next` link gives it.
    pub(crate) fn at(&self, url: Url) -> Self {
        Self { url, ..self.clone() }
    }

    pub(super) fn path(&self) -> &str {
        self.url.path()
    }
}

/// A successful answer.
pub(crate) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl OktaClient {
    /// Sends until there is an answer that no retry would change, or the time is up.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer> {
        let span = tracing::debug_span!(
            "okta",
            method = %call.method,
            path = call.path(),
            attempts = Empty,
            status = Empty,
            request_id = Empty,
        );
        self.send_until(call, Instant::now() + self.inner.total_time).instrument(span).await
    }

    async fn send_until(&self, call: &Call, deadline: Instant) -> Result<Answer> {
        let inner = &*self.inner;
        let path = call.path();
        let bucket = endpoint::bucket(&call.method, path);
        let late = || Error::TimedOut { path: path.to_owned(), seconds: inner.total_time.as_secs() };
        let limited =
            || Error::RateLimited { path: path.to_owned(), retry_after: inner.pacer.opens_in(bucket) };
        let (mut renewed, mut nonce_asked, mut failures, mut attempts) = (false, false, 0, 0_u32);
        loop {
            let Ok(slot) = timeout_at(deadline, inner.pacer.turn(bucket, self.lane)).await else {
                return Err(if inner.pacer.opens_in(bucket).is_zero() { late() } else { limited() });
            };
            attempts += 1;
            Span::current().record("attempts", attempts);
            let signing = timeout_at(deadline, inner.auth.sign(&inner.http, &call.method, &call.url)).await;
            let (signature, serial) = signing.map_err(|_| late())??;
            let answer = timeout_at(deadline, self.attempt(call, signature)).await.map_err(|_| late())?;
            let trouble = match answer {
                Ok((status, headers, body)) => {
                    slot.learn(status.as_u16(), &headers);
                    inner.auth.learn(&headers);
                    record(status, &headers);
                    if status.is_success() {
                        return Ok(Answer { headers, body });
                    }
                    let challenge = refusal::challenge(&headers);
                    let wants_nonce = challenge.is_some_and(|c| c.contains("use_dpop_nonce"))
                        && headers.contains_key(NONCE_HEADER);
                    if wants_nonce && !std::mem::replace(&mut nonce_asked, true) {
                        continue;
                    }
                    let refusal = Refusal::read(&body);
                    if status == StatusCode::UNAUTHORIZED
                        && refusal.code != "E0000015"
                        && !std::mem::replace(&mut renewed, true)
                        && inner.auth.renew(serial).await
                    {
                        continue;
                    }
                    match status.as_u16() {
                        429 if Instant::now() + inner.pacer.opens_in(bucket) < deadline => continue,
                        429 => return Err(limited()),
                        500 | 502..=504 => {
                            Error::Unavailable { path: path.to_owned(), status: status.as_u16() }
                        }
                        _ => {
                            let scope = endpoint::scope(&call.method, path);
                            let lacking = match scope {
                                Some(scope) if inner.auth.lacks(scope).await => Some(scope),
                                _ => None,
                            };
                            return Err(refused(path, status, challenge, refusal, lacking));
                        }
                    }
                }
                Err(error) => error,
            };
            drop(slot);
            failures += 1;
            let wait = pause(failures);
            if failures >= ATTEMPTS || Instant::now() + wait >= deadline || !call.may_repeat(&trouble) {
                return Err(trouble);
            }
            tracing::debug!(failures, error = %trouble, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    async fn attempt(&self, call: &Call, signature: HeaderMap) -> Result<(StatusCode, HeaderMap, Bytes)> {
        let mut request = self.inner.http.request(call.method.clone(), call.url.clone());
        request = request.headers(signature).header(ACCEPT, JSON);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, JSON).body(body.clone());
        } else if call.lean {
            request = request.header(CONTENT_TYPE, LEAN);
        }
        let mut response = request.send().await.map_err(|error| transport(&call.url, &error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await.map_err(|error| transport(&call.url, &error))? {
            if body.len() + part.len() > LARGEST_ANSWER {
                return Err(Error::TooLarge {
                    path: call.path().to_owned(),
                    megabytes: LARGEST_ANSWER >> 20,
                });
            }
            body.extend_from_slice(&part);
        }
        Ok((status, headers, body.freeze()))
    }
}

impl Call {
    fn may_repeat(&self, trouble: &Error) -> bool {
        trouble.is_transient() && (self.repeatable || matches!(trouble, Error::Transport { sent: false, .. }))
    }
}

fn record(status: StatusCode, headers: &HeaderMap) {
    let span = Span::current();
    span.record("status", status.as_u16());
    if let Some(id) = headers.get("x-okta-request-id").and_then(|v| v.to_str().ok()) {
        span.record("request_id", id);
    }
    tracing::trace!("answered");
}

pub(crate) fn transport(url: &Url, error: &reqwest::Error) -> Error {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // The layers in between say nothing to an operator, and the URL may hold a cursor.
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() };
    Error::Transport { host, reason, sent: !error.is_connect() }
}

/// A pause that doubles with every failure, from half a second to half a minute, and differs from task to task.
pub(crate) fn pause(failures: u32) -> Duration {
    let full = Duration::from_millis(500 * (1 << failures.clamp(1, 7) >> 1));
    full.min(Duration::from_secs(30)).mul_f64(rand::random_range(0.5..1.0))
}
