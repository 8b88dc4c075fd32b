//! The security headers of every response.

use axum::extract::{Request, State};
use axum::http::header::{
    CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY, SERVER, STRICT_TRANSPORT_SECURITY,
    X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

/// No external content, no script or style inside a page, no frame around it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
     connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
const UNUSED: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), \
     midi=(), payment=(), usb=()";
const ALWAYS: [(HeaderName, &str); 6] = [
    (CONTENT_SECURITY_POLICY, POLICY),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    // With "no-referrer", the browser would hide the origin of the console's own forms, which is compared.
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), UNUSED),
];
/// A year.
const HTTPS_ONLY: &str = "max-age=31536000";

/// The way that browsers reach the console.
#[derive(Debug, Clone, Copy)]
pub struct SecurityHeaders {
    /// True if the console or a proxy uses TLS: a header makes browsers insist on it.
    pub https: bool,
}

/// Adds the headers to every response, replacing its own. For [`axum::middleware::from_fn_with_state`], outermost.
pub async fn secure(State(how): State<SecurityHeaders>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    apply(how, response.headers_mut());
    response
}

fn apply(how: SecurityHeaders, headers: &mut HeaderMap) {
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if how.https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
    headers.remove(SERVER);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn security_headers_depend_on_https() {
        let mut headers = HeaderMap::new();
        headers.insert(SERVER, HeaderValue::from_static("something/1.0"));
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src *"));
        apply(SecurityHeaders { https: false }, &mut headers);
        assert!(!headers.contains_key(STRICT_TRANSPORT_SECURITY));
        apply(SecurityHeaders { https: true }, &mut headers);
        let mut told: Vec<String> =
            headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        told.sort();
        insta::assert_snapshot!(told.join("\n"));
    }
}
