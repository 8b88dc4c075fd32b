//! The message and reason of a rejection, as far as the response proves one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::Value;

use super::answer::Answer;
use crate::credential::Credential;
use crate::error::{Error, RefusalReason};
use crate::text::one_line;
use crate::validation::ValidationError;

/// The most of a page that is searched for text, in bytes.
const SEARCHED: usize = 32 << 10;

/// The error for a response. `bytes` is the size of the request's body.
pub(crate) fn error(credential: Credential, what: &'static str, answer: &Answer, bytes: usize) -> Error {
    let status = answer.status.as_u16();
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let message = words(answer);
    let reason = reason(answer, &body, &message);
    match (status, credential) {
        (401, Credential::ImportToken) if reason == RefusalReason::InvalidCredential => {
            Error::InvalidImportToken
        }
        (401, Credential::Account) if reason == RefusalReason::InvalidCredential => {
            Error::InvalidCredentials { message }
        }
        (401 | 403 | 407 | 511, _) => Error::Forbidden { what, credential, status, reason, message },
        (404, _) => Error::NotFound { what, message },
        (413, _) => Error::TooLarge { bytes, message },
        (400, _) if body.get("dataValidationErrors").is_some() => {
            Error::InvalidMapping(ValidationError::read(&body))
        }
        _ => {
            // Atlassian documents no code for it; these are the words that its pages use.
            let lower = message.to_lowercase();
            let limit = lower.contains("limit") && (lower.contains("object") || lower.contains("quota"));
            if limit || status == 402 {
                Error::QuotaExceeded { message }
            } else {
                Error::Api { what, status, message }
            }
        }
    }
}

/// Shorter credentials are no secret, and could be part of any word.
const SHORTEST_SECRET: usize = 6;

/// The body of a rejection without the request's own credential, which some gateways repeat. Must be used before any
/// truncation.
pub(crate) fn without_secrets(body: Bytes, authorization: &HeaderValue) -> Bytes {
    let sent = authorization.to_str().unwrap_or_default();
    let sent = sent.split_once(' ').map_or(sent, |(_, secret)| secret);
    // The message for user name and API token.
    let pair = STANDARD.decode(sent).ok().and_then(|pair| String::from_utf8(pair).ok()).unwrap_or_default();
    let secrets = [sent, pair.split_once(':').map_or("", |(_, token)| token)];
    let cleaned = |text: &str| {
        let secrets = secrets.iter().filter(|secret| secret.len() >= SHORTEST_SECRET);
        secrets.fold(text.to_owned(), |text, secret| text.replace(*secret, "…"))
    };
    let Ok(mut value) = serde_json::from_slice(&body) else {
        let text = String::from_utf8_lossy(&body);
        let clean = cleaned(&text);
        return if clean == text { body } else { clean.into() };
    };
    clean(&mut value, &cleaned);
    value.to_string().into()
}

/// Changes every text in a value, names of members included; escaped characters are whole there.
fn clean(value: &mut Value, cleaned: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => *text = cleaned(text),
        Value::Array(items) => items.iter_mut().for_each(|item| clean(item, cleaned)),
        Value::Object(members) => {
            *members = std::mem::take(members)
                .into_iter()
                .map(|(name, mut member)| {
                    clean(&mut member, cleaned);
                    (cleaned(&name), member)
                })
                .collect();
        }
        _ => {}
    }
}

/// True if the response is a page from a firewall, gateway, or proxy instead of an API response.
pub(super) fn is_page(answer: &Answer) -> bool {
    let kind = answer.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.to_ascii_lowercase().contains("html") || answer.body.trim_ascii_start().starts_with(b"<")
}

/// The reason, as far as the response proves one. Atlassian documents no codes for allowlists and plans; the texts are
/// those of its support articles (1384133808 for the allowlist).
fn reason(answer: &Answer, body: &Value, message: &str) -> RefusalReason {
    let status = answer.status;
    if matches!(status.as_u16(), 407 | 511) {
        return RefusalReason::Proxy;
    }
    if is_page(answer) {
        return RefusalReason::Firewall;
    }
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    if says(&["allowed list", "allowlist", "allow list", "whitelist", "ip address"]) {
        return RefusalReason::IpAllowlist;
    }
    if says(&["your plan", "subscription", "license", "licence"]) {
        return RefusalReason::Plan;
    }
    // The gateway sends this text for an unknown or missing token.
    let usual = says(&["unauthorized", "client must be authenticated"]) && lower.len() < 64;
    let silent = answer.body.trim_ascii().is_empty() || body.is_null();
    let codes = body.get("code").is_none_or(|code| code == 401);
    match status {
        StatusCode::UNAUTHORIZED if (usual || silent) && codes => RefusalReason::InvalidCredential,
        StatusCode::FORBIDDEN => RefusalReason::Permission,
        _ => RefusalReason::Unknown,
    }
}

/// The text of a response on one line: of the message fields, or of the page.
pub(crate) fn words(answer: &Answer) -> String {
    let text = if let Ok(body) = serde_json::from_slice::<Value>(&answer.body) {
        message_of(&body)
    } else {
        let start = &answer.body[..answer.body.len().min(SEARCHED)];
        text_of_page(&String::from_utf8_lossy(start))
    };
    let text = one_line(&text);
    if text.is_empty() { "no reason given".into() } else { text }
}

fn message_of(body: &Value) -> String {
    ["errorMessages", "errors", "message", "errorMessage", "error", "errorCode"]
        .into_iter()
        .filter_map(|name| body.get(name))
        .flat_map(crate::outcome::texts)
        .collect::<Vec<_>>()
        .join("; ")
}

/// The text of a page without its tags; title and body are separated by a blank.
fn text_of_page(page: &str) -> String {
    let mut text = String::new();
    let mut rest = page;
    while let Some(open) = rest.find('<') {
        text.push_str(&rest[..open]);
        text.push(' ');
        rest = &rest[open..];
        let lower = rest.get(..8).unwrap_or(rest).to_ascii_lowercase();
        // Scripts and styles hold no text; everything else ends with its tag.
        let end = match () {
            () if lower.starts_with("<script") => closing(rest, "</script"),
            () if lower.starts_with("<style") => closing(rest, "</style"),
            () => rest.find('>'),
        };
        let Some(end) = end else { return text };
        rest = &rest[end + 1..];
    }
    text.push_str(rest);
    text
}

fn closing(page: &str, tag: &str) -> Option<usize> {
    let at = page.to_ascii_lowercase().find(tag)?;
    page[at..].find('>').map(|end| at + end)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use serde_json::json;

    use super::*;
    use crate::text::LONGEST;

    fn answer(status: u16, kind: &'static str, body: String) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        Answer { status: StatusCode::from_u16(status).unwrap(), headers, body: body.into() }
    }

    #[test]
    fn page_is_shown_as_text() {
        let page = "<html><head><title>403 ERROR</title><style>p { color: red }</style>\
                    <script>var a = 1 < 2;</script></head><body>Request\u{1b}[31m blocked.</body></html>";
        assert_eq!(
            words(&answer(403, "text/html; charset=utf-8", page.into())),
            "403 ERROR Request [31m blocked."
        );
    }

    #[test]
    fn own_credential_is_replaced_whole() {
        let pair = format!("Basic {}", STANDARD.encode("ada@example.com:ATATT3x/y=1234"));
        let encoded = pair.trim_start_matches("Basic ").to_owned();
        for (authorization, secret) in
            [("Bearer ATATT3x/y=1234", "ATATT3x/y=1234"), (&pair, "ATATT3x/y=1234"), (&pair, &encoded)]
        {
            let authorization = HeaderValue::from_str(authorization).unwrap();
            let long = format!("{} {secret}", "x".repeat(LONGEST - 5));
            for body in [
                json!({"errorMessages": [long]}).to_string(),
                json!({"message": secret}).to_string().replace('=', "\\u003d"),
                json!({"errors": {&long: "is no field"}}).to_string(),
                format!("<p>{long}</p>"),
            ] {
                let body = without_secrets(body.into(), &authorization);
                let body = String::from_utf8(body.into()).unwrap();
                let told = words(&answer(403, "application/json", body));
                assert!(told.ends_with('…') && !told.contains(&secret[..4]), "{told}");
            }
        }
    }

    #[test]
    fn long_text_is_shortened() {
        let told =
            words(&answer(403, "application/json", json!({ "message": "é".repeat(5000) }).to_string()));
        assert_eq!(told.chars().count(), LONGEST + 1);
        assert_eq!(words(&answer(500, "text/plain", String::new())), "no reason given");
    }

    #[test]
    fn reason_follows_the_answer() {
        let json = "application/json";
        let allowlist = "The IP address has been rejected because it is not on the allowed list.";
        for (status, kind, body, wanted) in [
            (401, json, json!({"code": 401, "message": "Unauthorized"}), RefusalReason::InvalidCredential),
            (401, json, Value::Null, RefusalReason::InvalidCredential),
            (401, json, json!({"message": "The token is not valid before noon"}), RefusalReason::Unknown),
            (401, json, json!({"code": 7, "message": "Unauthorized"}), RefusalReason::Unknown),
            (403, json, json!({"errorMessages": [allowlist]}), RefusalReason::IpAllowlist),
            (401, json, json!({"errorMessages": [allowlist]}), RefusalReason::IpAllowlist),
            (
                403,
                json,
                json!({"errorMessages": ["Assets is not available for your plan."]}),
                RefusalReason::Plan,
            ),
            (403, json, json!({"errorMessages": ["no"]}), RefusalReason::Permission),
            (407, json, Value::Null, RefusalReason::Proxy),
            (511, "text/html", json!("<p>Sign in</p>"), RefusalReason::Proxy),
            (403, "text/html", json!("<p>Blocked</p>"), RefusalReason::Firewall),
            (401, "text/html", json!("<p>Unauthorized</p>"), RefusalReason::Firewall),
        ] {
            let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            let error = error(Credential::ImportToken, "x", &answer(status, kind, text), 0);
            let told = match &error {
                Error::InvalidImportToken => RefusalReason::InvalidCredential,
                Error::Forbidden { reason, .. } => *reason,
                other => panic!("{other:?}"),
            };
            assert_eq!(told, wanted, "{status} {body}");
            let renews = error.remedy() == Some(crate::remedy::Remedy::RenewImportToken);
            assert_eq!(renews, wanted == RefusalReason::InvalidCredential, "{status} {body}");
        }
    }
}
