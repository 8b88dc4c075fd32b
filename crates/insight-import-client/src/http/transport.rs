//! The one place where requests are sent: with the credential, to the right origin, paced, retried.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method};
use outbound::Outbound;
use url::Url;

use super::answer::Answer;
use super::pace::Pace;
use super::refusal;
use crate::credential::Credential;
use crate::error::{Error, Result};

const ATTEMPTS: u32 = 6;
/// The number of 429 responses that don't count as attempts.
const REFUSALS: u32 = 30;
/// Far above any response of Assets; a larger one isn't read completely.
const LARGEST_ANSWER: usize = 64 << 20;

/// The reason for a missing response.
enum Broken {
    Transport(reqwest::Error),
    TooLong,
}

impl From<reqwest::Error> for Broken {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error)
    }
}

/// The permission to retry a request that may have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Repeat {
    Safe,
    /// It would start something twice.
    Unsafe,
}

#[derive(Debug)]
pub(crate) struct Transport {
    pub(crate) http: reqwest::Client,
    pub(crate) outbound: Outbound,
    pub(crate) api: Url,
    pub(crate) authorization: HeaderValue,
    pub(crate) credential: Credential,
    pub(crate) pace: Pace,
}

impl Transport {
    /// Sends until a response is final. 2xx, 303, and 409 are responses; other rejections are errors.
    pub(crate) async fn send(
        &self,
        what: &'static str,
        method: Method,
        url: &Url,
        body: Option<Bytes>,
        repeat: Repeat,
    ) -> Result<Answer> {
        let (mut attempts, mut refusals) = (0, 0);
        loop {
            let turn = self.pace.turn().await;
            let error = match self.attempt(&method, url, body.clone()).await {
                Ok(answer) => {
                    turn.learn(answer.status, &answer.headers);
                    match answer.status.as_u16() {
                        200..=299 | 303 | 409 => return Ok(answer),
                        status @ (429 | 503) => {
                            refusals += 1;
                            let error = Error::Unavailable { what, status };
                            if refusals >= REFUSALS {
                                return Err(error);
                            }
                            tracing::debug!(what, refusals, error = %error, "waiting");
                            // The pace delays all requests for as long as the limit lasts.
                            continue;
                        }
                        status @ (500 | 502 | 504) => Error::Unavailable { what, status },
                        // The API responds in JSON: a page comes from a gateway on the way and says nothing about the
                        // resource.
                        404 if refusal::is_page(&answer) => Error::Unavailable { what, status: 404 },
                        _ => {
                            let bytes = body.as_ref().map_or(0, Bytes::len);
                            return Err(refusal::error(self.credential, what, &answer, bytes));
                        }
                    }
                }
                Err(Broken::TooLong) => return Err(Error::ResponseTooLarge { what, limit: LARGEST_ANSWER }),
                Err(Broken::Transport(error)) => {
                    let reason = Box::new(self.outbound.not_reached(url, &error));
                    Error::Transport { reason, sent: !error.is_connect() }
                }
            };
            drop(turn);
            attempts += 1;
            // A request that may have taken effect is not repeated.
            let unclear = repeat == Repeat::Unsafe && !matches!(error, Error::Transport { sent: false, .. });
            if unclear || attempts >= ATTEMPTS || !error.is_transient() {
                return Err(error);
            }
            tracing::debug!(what, attempts, error = %error, "trying again");
            tokio::time::sleep(backoff(attempts)).await;
        }
    }

    async fn attempt(
        &self,
        method: &Method,
        url: &Url,
        body: Option<Bytes>,
    ) -> std::result::Result<Answer, Broken> {
        let mut request = self
            .http
            .request(method.clone(), url.clone())
            .header(AUTHORIZATION, self.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, HeaderValue::from_static("application/json")).body(body);
        }
        let mut response = request.send().await?;
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(part) = response.chunk().await? {
            if body.len() + part.len() > LARGEST_ANSWER {
                return Err(Broken::TooLong);
            }
            body.extend_from_slice(&part);
        }
        let body = body.freeze();
        let body =
            if status.is_success() { body } else { refusal::without_secrets(body, &self.authorization) };
        Ok(Answer { status, headers, body })
    }

    /// A link of a response, if it has the configured origin.
    pub(crate) fn link(&self, link: &'static str, target: Option<&str>) -> Result<Url> {
        let wrong = |problem: String| Error::CrossOriginLink { link, problem };
        let target = target.ok_or_else(|| wrong("is missing in the response".into()))?;
        let url = self.api.join(target).map_err(|_| wrong("is not a URL".into()))?;
        if url.origin() != self.api.origin() {
            return Err(wrong(format!("has the origin {}", url.origin().ascii_serialization())));
        }
        // They would be sent in place of the token.
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("contains a username or password".into()));
        }
        Ok(url)
    }
}

/// A pause that doubles with every attempt, up to half a minute, and differs from task to task.
pub(crate) fn backoff(attempt: u32) -> Duration {
    let full = Duration::from_millis(250 * (1 << attempt.min(7)));
    full.min(Duration::from_secs(30)).mul_f64(rand::random_range(0.5..1.0))
}
