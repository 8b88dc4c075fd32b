//! Who asks.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use serde::Serialize;
use sync_service::access::Role;

use super::Problem;

/// The form field that carries the CSRF token.
pub const CSRF_FIELD: &str = "csrf";
/// The header that carries the CSRF token of a script.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// How somebody proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With the cookie of a session.
    Session,
    /// With a token in `Authorization`.
    Token,
}

/// Who asks. An extractor for whatever is behind [`guard`](super::guard()).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// As shown to people: the name of a token, or the login of a person.
    pub who: String,
    /// What they may do.
    pub role: Role,
    /// How they proved it.
    pub via: SignInMethod,
    /// The number of the token that this is, or that the session began with.
    #[serde(skip)]
    pub token: Option<i64>,
    /// What forms of this session have to carry in [`CSRF_FIELD`]; none for tokens.
    #[serde(skip)]
    pub csrf: Option<String>,
}

impl Identity {
    /// Whether they may change things.
    pub fn may_change(&self) -> bool {
        self.role == Role::Admin
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing = || {
            let detail = "nobody is signed in";
            Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", "Unauthorized", detail, "sign in first")
        };
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}
