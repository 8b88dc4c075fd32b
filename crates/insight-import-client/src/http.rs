//! The one place where requests are sent: with the token, to the right origin, retried.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::ValidationError;
use crate::error::{Error, Result};

const ATTEMPTS: u32 = 6;

/// An answer that the caller has to make sense of.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json<T: serde::de::DeserializeOwned>(&self, what: &'static str) -> Result<T> {
        serde_json::from_slice(&self.body).map_err(|source| Error::Decode { what, source })
    }
}

/// Whether a request may be sent again when nobody knows what became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Safe,
    /// It would start something twice.
    Unsafe,
}

#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) api: Url,
    pub(crate) authorization: HeaderValue,
}

impl Transport {
    /// Sends until there is an answer that waiting does not change. 2xx, 303 and 409 are answers; other refusals are
    /// errors.
    pub(crate) async fn send(
        &self,
        what: &'static str,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
        repeat: Repeat,
    ) -> Result<Answer> {
        let mut attempt = 0;
        loop {
            attempt += 1;
            let result = self.attempt(&method, url, body.clone()).await;
            let (trouble, pause) = match result {
                Ok(answer) => match answer.status.as_u16() {
                    200..=299 | 303 | 409 => return Ok(answer),
                    status @ (429 | 500 | 502..=504) => {
                        // A 500 may have done its work; 429 and 503 say that nothing was begun.
                        if repeat == Repeat::Unsafe && !matches!(status, 429 | 503) {
                            return Err(Error::Unavailable { what, status });
                        }
                        (Error::Unavailable { what, status }, retry_after(&answer.headers))
                    }
                    _ => return Err(refused(what, &answer, body.as_ref().map_or(0, Bytes::len))),
                },
                Err(error) => {
                    let connect = error.is_connect();
                    let error = unreachable(url, &error);
                    if repeat == Repeat::Unsafe && !connect {
                        return Err(error);
                    }
                    (error, None)
                }
            };
            if attempt >= ATTEMPTS {
                return Err(trouble);
            }
            tracing::debug!(what, attempt, error = %trouble, "trying again");
            tokio::time::sleep(pause.unwrap_or_else(|| backoff(attempt))).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        url: &Url,
        body: Option<Bytes>,
    ) -> std::result::Result<Answer, reqwest::Error> {
        let mut request = self
            .http
            .request(method.clone(), url.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        let response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Answer { status, headers, body: response.bytes().await? })
    }

    /// A link of an answer, if it leads to the configured origin.
    pub(crate) fn link(&self, link: &'static str, target: Option<&str>) -> Result<Url> {
        let wrong = |problem: String| Error::Link { link, problem };
        let target = target.ok_or_else(|| wrong("is missing in the answer".into()))?;
        let url = self.api.join(target).map_err(|_| wrong("is not a URL".into()))?;
        if url.origin() == self.api.origin() {
            Ok(url)
        } else {
            Err(wrong(format!("leads to {}", url.origin().ascii_serialization())))
        }
    }
}

/// A pause that doubles with every attempt, up to half a minute, and differs from task to task.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let full = Duration::from_millis(250 * (1 << attempt.min(7)));
    full.min(Duration::from_secs(30)).mul_f64(rand::random_range(0.5..1.0))
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds: u64 = headers.get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(120)))
}

fn unreachable(url: &Url, error: &reqwest::Error) -> Error {
    let host = url.host_str().unwrap_or_default();
    let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
    // The layers in between say nothing to an operator.
    let mut cause: &dyn std::error::Error = error;
    while let Some(next) = cause.source() {
        cause = next;
    }
    let reason = if error.is_timeout() { "no answer in time".to_owned() } else { cause.to_string() };
    Error::Transport { host, reason }
}

fn refused(what: &'static str, answer: &Answer, bytes: usize) -> Error {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match answer.status.as_u16() {
        401 => Error::DeadToken,
        403 => Error::Forbidden { what },
        404 => Error::NotFound { what },
        413 => Error::TooLarge { bytes },
        400 if body.get("dataValidationErrors").is_some() => {
            Error::InvalidMapping(ValidationError::read(&body))
        }
        status => Error::Refused { what, status, message: message(&body) },
    }
}

/// What an error body says, whichever of its shapes it has.
fn message(body: &Value) -> String {
    let texts = ["errorMessages", "errors", "message", "errorCode"]
        .into_iter()
        .filter_map(|name| body.get(name))
        .flat_map(crate::outcome::texts)
        .collect::<Vec<_>>();
    if texts.is_empty() { "no reason given".into() } else { texts.join("; ") }
}
