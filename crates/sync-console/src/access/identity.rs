//! The identity behind a request.

use admin_api::ProblemType;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::Serialize;
use sync_store::access::Role;

use super::Problem;

/// The form field that carries the CSRF token.
pub const CSRF_FIELD: &str = "csrf";
/// The header that carries the CSRF token of a script.
pub const CSRF_HEADER: &str = "x-csrf-token";

/// The means of authentication.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInMethod {
    /// With the cookie of a session.
    Session,
    /// With a token in `Authorization`.
    Token,
    /// By the permissions of the socket beside the store.
    LocalSocket,
}

/// The identity behind a request. An extractor for every route behind [`authorize`](super::authorize()).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// The display name: of a token, or the login of a user.
    pub principal: String,
    /// The role.
    pub role: Role,
    /// The means of authentication.
    pub via: SignInMethod,
    /// The ID of this token, or of the token that started the session.
    #[serde(skip)]
    pub token: Option<i64>,
    /// The token that forms of this session carry in [`CSRF_FIELD`]; none for tokens.
    #[serde(skip)]
    pub csrf: Option<String>,
}

impl Identity {
    /// True if the role permits changes.
    pub fn may_change(&self) -> bool {
        self.role == Role::Admin
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Identity {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let missing = || Problem::new(ProblemType::Unauthorized, "not signed in", "sign in first");
        parts.extensions.get::<Self>().cloned().ok_or_else(missing)
    }
}
