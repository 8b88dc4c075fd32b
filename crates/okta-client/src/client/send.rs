//! The one place where requests are sent: paced, signed, retried.

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use tokio::time::{Instant, timeout_at};
use tracing::field::Empty;
use tracing::{Instrument, Span};
use url::Url;

use super::attempt::{pause, record};
use super::okta_client::OktaClient;
use super::refusal::{self, Refusal, refused};
use crate::auth::{Corrections, NONCE_HEADER, TokenSerial};
use crate::endpoint;
use crate::error::{Error, Result};
use crate::pacer::{SHORTEST, Slot};
use crate::text::without_secrets;

/// The number of attempts of a call while the org returns server errors. Waits for the rate limit don't count.
const ATTEMPTS: u32 = 6;
/// The number of attempts of a call if another server responds instead of Okta.
const MISROUTED_ATTEMPTS: u32 = 3;
/// Far above any response of Okta; a larger one isn't Okta's.
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
    /// The content of a successful response.
    pub(super) expected: &'static str,
}

impl Call {
    pub(crate) const fn new(method: Method, url: Url, expected: &'static str) -> Self {
        Self { method, url, body: None, lean: false, repeatable: true, expected }
    }

    pub(crate) const fn get(url: Url, expected: &'static str) -> Self {
        Self::new(Method::GET, url, expected)
    }

    /// Omits unused parts of a user outside the profile.
    pub(crate) const fn lean(mut self) -> Self {
        self.lean = true;
        self
    }

    /// With a JSON body.
    pub(crate) fn with(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Disables retries of a request that may have arrived.
    pub(crate) const fn once(mut self) -> Self {
        self.repeatable = false;
        self
    }

    /// The same call at another address, from a `next` link.
    pub(crate) fn at(&self, url: Url) -> Self {
        Self { url, ..self.clone() }
    }

    pub(super) const fn url(&self) -> &Url {
        &self.url
    }

    pub(super) fn path(&self) -> &str {
        self.url.path()
    }
}

/// A successful response.
pub(crate) struct Answer {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Any response.
struct Received {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

/// The remedies that a call may apply once: a second time would not help.
#[derive(Default)]
struct Remedies {
    nonce: bool,
    clock: Corrections,
    token: bool,
}

impl OktaClient {
    /// Sends until a response is final or the time is up.
    pub(crate) async fn send(&self, call: &Call) -> Result<Answer> {
        let span = tracing::debug_span!(
            "okta",
            method = %call.method,
            path = call.path(),
            attempts = Empty,
            status = Empty,
            request_id = Empty,
        );
        let sent = self.send_until(call, self.deadline()).instrument(span.clone()).await;
        // A missing object is a valid result as well.
        if let Err(error) = &sent
            && !matches!(error, Error::NotFound { .. })
        {
            // The error text may be personal data; the span identifies the request.
            let transient = error.is_transient();
            span.in_scope(|| tracing::debug!(transient, "request failed"));
        }
        sent
    }

    async fn send_until(&self, call: &Call, deadline: Instant) -> Result<Answer> {
        let inner = &*self.inner;
        let path = call.path();
        let bucket = endpoint::bucket(&call.method, path);
        let limited =
            || Error::RateLimited { path: path.to_owned(), retry_after: inner.pacer.opens_in(bucket) };
        let (mut remedies, mut failures, mut attempts) = (Remedies::default(), 0, 0_u32);
        loop {
            let ready = timeout_at(deadline, inner.auth.ready(&inner.transport, deadline)).await;
            ready.map_err(|_| self.late(path))??;
            let Ok(slot) = timeout_at(deadline, inner.pacer.turn(bucket, self.priority)).await else {
                return Err(if inner.pacer.opens_in(bucket).is_zero() { self.late(path) } else { limited() });
            };
            attempts += 1;
            Span::current().record("attempts", attempts);
            let signing = inner.auth.sign(&inner.transport, &call.method, &call.url, deadline);
            let signature = timeout_at(deadline, signing).await.map_err(|_| self.late(path))??;
            let (serial, offset) = (signature.serial, signature.offset);
            let attempt = timeout_at(deadline, self.attempt(call, signature.headers, &slot)).await;
            drop(slot);
            let error = match attempt.map_err(|_| self.late(path))? {
                Ok(Received { status, headers, body, .. }) if status.is_success() => {
                    return Ok(Answer { headers, body });
                }
                Ok(received) => match received.status.as_u16() {
                    429 if Instant::now() + inner.pacer.opens_in(bucket) < deadline => continue,
                    429 => return Err(limited()),
                    status @ (500 | 502..=504) => Error::Unavailable { path: path.to_owned(), status },
                    _ if self.remedied(&received, serial, offset, &mut remedies) => continue,
                    _ => match self.refusal(call, &received) {
                        error @ Error::Misrouted { .. } if failures + 1 < MISROUTED_ATTEMPTS => error,
                        error => return Err(error),
                    },
                },
                Err(error) => error,
            };
            failures += 1;
            let wait = match error {
                // An overloaded service gets a longer pause, even if its Retry-After is shorter.
                Error::Unavailable { status: 503, .. } => pause(failures).max(SHORTEST),
                _ => pause(failures),
            };
            if failures >= ATTEMPTS || Instant::now() + wait >= deadline || !call.may_repeat(&error) {
                return Err(error);
            }
            tracing::debug!(failures, error = %error, "trying again");
            tokio::time::sleep(wait).await;
        }
    }

    /// True if a rejection makes another attempt worthwhile: it contained a nonce or the time, or named an invalid
    /// token.
    fn remedied(
        &self,
        received: &Received,
        serial: TokenSerial,
        offset: i64,
        remedies: &mut Remedies,
    ) -> bool {
        let once = |done: &mut bool| !std::mem::replace(done, true);
        let challenge = refusal::challenge(&received.headers);
        if challenge.contains("use_dpop_nonce") && received.headers.contains_key(NONCE_HEADER) {
            return once(&mut remedies.nonce);
        }
        if challenge.contains("invalid_dpop_proof")
            && self.inner.auth.correct(&received.headers, offset, &mut remedies.clock)
        {
            return true;
        }
        received.status == StatusCode::UNAUTHORIZED
            && Refusal::read(&received.body).code != refusal::FEATURE_MISSING
            && once(&mut remedies.token)
            && self.inner.auth.renew(serial)
    }

    fn refusal(&self, call: &Call, received: &Received) -> Error {
        let scope = endpoint::scope(&call.method, call.path());
        let lacking = scope.filter(|scope| self.inner.auth.lacks(scope));
        let challenge = refusal::challenge(&received.headers);
        refused(call.path(), received.status, &challenge, &Refusal::read(&received.body), lacking)
    }

    async fn attempt(&self, call: &Call, signature: HeaderMap, slot: &Slot) -> Result<Received> {
        let transport = &self.inner.transport;
        let mut request = transport.http.request(call.method.clone(), call.url.clone());
        let credentials = signature.clone();
        request = request.headers(signature).header(ACCEPT, JSON);
        if let Some(body) = &call.body {
            request = request.header(CONTENT_TYPE, JSON).body(body.clone());
        } else if call.lean {
            request = request.header(CONTENT_TYPE, LEAN);
        }
        let response = request.send().await.map_err(|error| transport.failed(&call.url, &error))?;
        let (status, mut headers) = (response.status(), response.headers().clone());
        // Headers count before the body is read: the body may be slow or incomplete.
        slot.learn(status.as_u16(), &headers);
        self.inner.auth.learn(&headers);
        record(status, &headers);
        let mut body = transport.body(response, &call.url, LARGEST_ANSWER).await?;
        if !status.is_success() {
            let credentials = credentials.values().filter_map(|value| value.to_str().ok());
            let secrets: Vec<&str> =
                credentials.map(|value| value.rsplit(' ').next().unwrap_or(value)).collect();
            body = without_secrets(body, &secrets);
            for (_, value) in headers.iter_mut().filter(|(name, _)| *name == WWW_AUTHENTICATE) {
                let clean = without_secrets(Bytes::copy_from_slice(value.as_bytes()), &secrets);
                if let Ok(clean) = HeaderValue::from_maybe_shared(clean) {
                    *value = clean;
                }
            }
        }
        Ok(Received { status, headers, body })
    }
}

impl Call {
    fn may_repeat(&self, error: &Error) -> bool {
        error.is_transient() && (self.repeatable || matches!(error, Error::Transport { sent: false, .. }))
    }
}
