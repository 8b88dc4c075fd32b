//! Rejections of the authorization server.

use http::StatusCode;

/// A rejection of the token endpoint.
pub(super) struct TokenRefused {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: &'static str,
    pub(super) nonce: Option<String>,
}

impl TokenRefused {
    pub(super) fn new(status: u16, error: &'static str, description: &'static str) -> Self {
        let status = StatusCode::from_u16(status).unwrap_or_default();
        Self { status, error, description, nonce: None }
    }
}

/// A rejection of the API, in `WWW-Authenticate`.
pub(super) struct AccessRefused {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    pub(super) description: &'static str,
}

impl AccessRefused {
    pub(super) fn new(status: u16, error: &'static str, description: &'static str) -> Self {
        Self { status: StatusCode::from_u16(status).unwrap_or_default(), error, description }
    }
}
