//! What a refusal says: in the status, in Okta's error object, or in nothing but the `WWW-Authenticate` header.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::error::Error;

/// Okta's error object. Gateways in between answer in other shapes, or with nothing.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Refusal {
    #[serde(rename = "errorCode")]
    pub(super) code: String,
    #[serde(rename = "errorSummary")]
    summary: String,
    #[serde(rename = "errorCauses")]
    causes: Vec<Cause>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    #[serde(rename = "errorSummary")]
    summary: String,
}

impl Refusal {
    pub(super) fn read(body: &[u8]) -> Self {
        serde_json::from_slice(body).unwrap_or_default()
    }
}

/// The challenge of an answer, if it has one.
pub(super) fn challenge(headers: &HeaderMap) -> Option<&str> {
    headers.get(WWW_AUTHENTICATE)?.to_str().ok()
}

/// A parameter of a challenge.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let after = challenge.split_once(&format!("{name}=\""))?.1;
    Some(after.split_once('"')?.0.to_owned())
}

/// The error that a refusal stands for. `lacking` is the scope that the call takes, when the token is known not to have it.
pub(super) fn refused(
    path: &str,
    status: StatusCode,
    challenge: Option<&str>,
    refusal: Refusal,
    lacking: Option<&str>,
) -> Error {
    let path = path.to_owned();
    let parameter = |name: &str| parameter(challenge?, name);
    let oauth = parameter("error");
    match (status.as_u16(), oauth.as_deref(), refusal.code.as_str()) {
        (300..=399, ..) => Error::Redirect { path },
        (404, ..) => Error::NotFound { path },
        (403, Some("insufficient_scope"), _) => {
            let scope = parameter("scope").or_else(|| lacking.map(str::to_owned));
            Error::ScopeMissing { path, scope: scope.unwrap_or_else(|| "it needs".into()) }
        }
        // The session of a cookie, in words of a time before OAuth: the credential did not get through.
        (403, _, "E0000005") => credentials("E0000005".into(), None, refusal.summary),
        (403, ..) => match lacking {
            Some(scope) => Error::ScopeMissing { path, scope: scope.to_owned() },
            None => Error::RoleMissing { path },
        },
        // The org lacks the feature; no other token would change that.
        (401, _, "E0000015") => validation(path, status, refusal),
        (401, ..) | (400, Some(_), _) => {
            let error = oauth.unwrap_or_else(|| {
                if refusal.code.is_empty() { "status 401".into() } else { refusal.code.clone() }
            });
            credentials(error, parameter("error_description"), refusal.summary)
        }
        _ => validation(path, status, refusal),
    }
}

fn credentials(error: String, description: Option<String>, summary: String) -> Error {
    let description = description
        .or_else(|| Some(summary).filter(|s| !s.is_empty()))
        .unwrap_or_else(|| "no reason given".into());
    Error::Credentials { error, description }
}

fn validation(path: String, status: StatusCode, refusal: Refusal) -> Error {
    let mut summary = refusal.summary;
    for cause in refusal.causes {
        summary.push_str("; ");
        summary.push_str(&cause.summary);
    }
    Error::Refused {
        path,
        code: if refusal.code.is_empty() { format!("status {}", status.as_u16()) } else { refusal.code },
        summary: if summary.is_empty() { "no reason given".into() } else { summary },
    }
}
