//! The meaning of a rejection: in the status, in Okta's error object, or only in the `WWW-Authenticate` header.

use http::header::WWW_AUTHENTICATE;
use http::{HeaderMap, StatusCode};
use serde::Deserialize;

use crate::error::Error;
use crate::model::{or_default, text_or_none};
use crate::text::{excerpt, json, printable};

/// "Not found: Resource not found: {id} ({kind})": the only word that ends an object.
/// <https://developer.okta.com/docs/reference/error-codes/>
const NOT_FOUND: &str = "E0000007";
/// "You do not have permission to perform the requested action."
const NO_PERMISSION: &str = "E0000006";
/// "You do not have permission to access the feature you are requesting."
pub(super) const FEATURE_MISSING: &str = "E0000015";
/// More are of no help.
const MOST_CAUSES: usize = 10;

/// Okta's error object. Gateways respond in other formats, or with nothing.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Refusal {
    #[serde(rename = "errorCode", deserialize_with = "or_default")]
    pub(super) code: String,
    #[serde(rename = "errorSummary", deserialize_with = "or_default")]
    summary: String,
    #[serde(rename = "errorCauses", deserialize_with = "or_default")]
    causes: Vec<Cause>,
    /// The text of a response that isn't Okta's error object.
    #[serde(skip)]
    text: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    #[serde(rename = "errorSummary", deserialize_with = "or_default")]
    summary: String,
}

/// The text of gateways that respond in JSON.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Words {
    #[serde(deserialize_with = "text_or_none")]
    error_description: Option<String>,
    #[serde(deserialize_with = "text_or_none")]
    message: Option<String>,
    #[serde(deserialize_with = "text_or_none")]
    detail: Option<String>,
    #[serde(deserialize_with = "text_or_none")]
    title: Option<String>,
    #[serde(deserialize_with = "text_or_none")]
    error: Option<String>,
}

impl Refusal {
    pub(crate) fn read(body: &[u8]) -> Self {
        let refusal = json(body).and_then(|body| Self::deserialize(body).ok()).unwrap_or_default();
        if refusal.is_okta_s() { refusal } else { Self { text: words(body), ..refusal } }
    }

    /// True if Okta wrote it, as far as that can be determined.
    const fn is_okta_s(&self) -> bool {
        !self.code.is_empty()
    }

    /// The text: Okta's summary and causes, or other text of the response.
    fn reason(&self) -> String {
        let causes = self.causes.iter().take(MOST_CAUSES).map(|cause| &cause.summary);
        let parts: Vec<&str> = [&self.summary]
            .into_iter()
            .chain(causes)
            .map(String::as_str)
            .filter(|part| !part.is_empty())
            .collect();
        if parts.is_empty() { self.text.clone() } else { excerpt(parts.join("; ").as_bytes()) }
    }

    /// True if it is Okta's word that the object at this path is not there.
    fn ends(&self, path: &str) -> bool {
        // A response about another object, from a cache or a misconfigured gateway, proves nothing about either object.
        let named =
            self.summary.split_once("Resource not found: ").and_then(|(_, id)| id.split_whitespace().next());
        self.code == NOT_FOUND && named.is_none_or(|id| path.split('/').any(|part| part == id))
    }
}

/// The text of a response that isn't Okta's error object.
pub(crate) fn words(body: &[u8]) -> String {
    let Some(words) = json(body).and_then(|body| Words::deserialize(body).ok()) else { return excerpt(body) };
    let Words { error_description, message, detail, title, error } = words;
    let first = [error_description, message, detail, title, error]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty());
    first.map_or_else(String::new, |text| excerpt(text.as_bytes()))
}

/// The challenges of a response; empty if it has none.
pub(super) fn challenge(headers: &HeaderMap) -> String {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>().join(", ")
}

/// A parameter of a challenge, quoted or not (RFC 9110, section 11.2).
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let mut rest = challenge;
    while let Some((before, after)) = rest.split_once('=') {
        let own_name = before.trim_end().rsplit([' ', ',', '\t']).next()?;
        let (value, then) = value(after.trim_start());
        if own_name.eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = then;
    }
    None
}

/// The value at the start of a text, and the rest.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ', '\t']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, c) in quoted.char_indices() {
        match c {
            _ if std::mem::take(&mut escaped) => value.push(c),
            '\\' => escaped = true,
            '"' => return (value, &quoted[at + 1..]),
            _ => value.push(c),
        }
    }
    (value, "")
}

/// The error for a rejection. `lacking` is the scope that the call requires, if the token is known to lack it.
pub(crate) fn refused(
    path: &str,
    status: StatusCode,
    challenge: &str,
    refusal: &Refusal,
    lacking: Option<&str>,
) -> Error {
    let path = path.to_owned();
    let parameter = |name: &str| parameter(challenge, name).map(|value| printable(&value));
    let oauth = parameter("error");
    match (status.as_u16(), oauth.as_deref(), refusal.code.as_str()) {
        (300..=399, ..) => Error::Redirect { path },
        (404, ..) if refusal.ends(&path) => Error::NotFound { path },
        (404, ..) | (410, _, "") => {
            Error::Misrouted { path, status: status.as_u16(), reason: refusal.reason() }
        }
        (407 | 511, ..) => Error::Blocked { path, status: status.as_u16(), reason: refusal.reason() },
        (403, Some("insufficient_scope"), _) => {
            let scope = parameter("scope").or_else(|| lacking.map(str::to_owned));
            let reason = parameter("error_description").unwrap_or_else(|| refusal.reason());
            Error::MissingScope { path, scope: scope.unwrap_or_else(|| "it needs".into()), reason }
        }
        // Okta reports a missing scope in its error object or in the header.
        (400..=499, None, "") if status == StatusCode::FORBIDDEN || !refusal.text.is_empty() => {
            Error::Blocked { path, status: status.as_u16(), reason: refusal.reason() }
        }
        // The session of a cookie, in words of a time before OAuth: the credential did not get through.
        (403, _, "E0000005") => credentials("E0000005".into(), None, &refusal.summary),
        (403, _, NO_PERMISSION) => match lacking {
            Some(scope) => Error::MissingScope { path, scope: scope.to_owned(), reason: refusal.reason() },
            None => Error::MissingAdminRole { path, reason: refusal.reason() },
        },
        // No other token would change that.
        (401, _, FEATURE_MISSING) => validation(path, status, refusal),
        (401, ..) | (400, Some(_), _) => {
            let error = oauth.unwrap_or_else(|| {
                if refusal.code.is_empty() { "status 401".into() } else { printable(&refusal.code) }
            });
            credentials(error, parameter("error_description"), &refusal.summary)
        }
        _ => validation(path, status, refusal),
    }
}

/// The error for a token endpoint response that isn't an OAuth error.
pub(crate) fn not_oauth(path: &str, status: StatusCode, body: &[u8]) -> Error {
    let (path, refusal) = (path.to_owned(), Refusal::read(body));
    let (reason, status) = (refusal.reason(), status.as_u16());
    match status {
        404 | 410 => Error::Misrouted { path, status, reason },
        403 | 407 | 511 if !refusal.is_okta_s() => Error::Blocked { path, status, reason },
        _ if !refusal.text.is_empty() => Error::Blocked { path, status, reason },
        _ => {
            let error =
                if refusal.is_okta_s() { printable(&refusal.code) } else { format!("status {status}") };
            credentials(error, None, &reason)
        }
    }
}

fn credentials(error: String, description: Option<String>, summary: &str) -> Error {
    let description = description
        .or_else(|| Some(printable(summary)).filter(|s| !s.is_empty()))
        .unwrap_or_else(|| "no reason given".into());
    Error::Credentials { error, description }
}

fn validation(path: String, status: StatusCode, refusal: &Refusal) -> Error {
    let or = |text: String, other: String| if text.is_empty() { other } else { text };
    Error::Api {
        path,
        code: or(printable(&refusal.code), format!("status {}", status.as_u16())),
        summary: or(printable(&refusal.summary), "no reason given".into()),
        causes: refusal.causes.iter().take(MOST_CAUSES).map(|cause| printable(&cause.summary)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenge_parameters_parse_quoted_and_bare() {
        let challenge = r#"Bearer realm="a, error=\"x\"", DPoP algs="RS256 ES256", Error = invalid_token, error_description="say \"no\"", scope="okta.users.read""#;
        assert_eq!(parameter(challenge, "error").as_deref(), Some("invalid_token"));
        assert_eq!(parameter(challenge, "error_description").as_deref(), Some("say \"no\""));
        assert_eq!(parameter(challenge, "scope").as_deref(), Some("okta.users.read"));
        assert_eq!(parameter(challenge, "resource"), None);
        assert_eq!(parameter("DPoP error=\"cut", "error").as_deref(), Some("cut"));
    }

    #[test]
    fn escaped_credential_stays_hidden() {
        let secret = "00AbSecretToken";
        let escape = |all: String, c| all + &format!("\\u{:04x}", u32::from(c));
        let escaped = secret.chars().fold(String::new(), escape);
        for body in [
            format!("\u{feff}{{\"errorCode\":\"E1\",\"errorSummary\":\"not {escaped}\"}}"),
            format!("{{\"errorCode\":\"E1\",\"errorSummary\":\"not {escaped}\",\"x\":1e400}}"),
            format!("{{\"message\":\"not {escaped}\",\"x\":1e400}}"),
        ] {
            let refusal = Refusal::read(&crate::text::without_secrets(body.into(), &[secret]));
            let printable = refused("/", StatusCode::BAD_REQUEST, "", &refusal, None).to_string();
            assert!(!printable.contains("Secret"), "{printable}");
        }
    }

    proptest! {
        #[test]
        fn no_challenge_makes_it_panic(text in ".{0,80}", inner in "[a-z\"\\\\=, ]{0,40}") {
            let _ = parameter(&text, "error");
            let _ = parameter(&format!("DPoP error={inner}"), "error");
        }

        #[test]
        fn what_was_written_is_found(error in "[a-z_]{1,20}", realm in "[ -!#-\\[\\]-~]{0,20}") {
            let challenge = format!("DPoP realm=\"{realm}\", error=\"{error}\"");
            prop_assert_eq!(parameter(&challenge, "error"), Some(error));
        }
    }
}
