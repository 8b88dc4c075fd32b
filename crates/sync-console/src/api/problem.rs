//! Errors of the API as problem documents (RFC 9457).

use admin_api::wire::Problem;
use admin_api::{DelegationError, FieldError, ProblemType};
use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sync_config::VaultError;
use sync_daemon::{SaveError, ServiceError};
use sync_engine::{Remedy, error_chain};

use crate::access::{Identity, TokenError};

/// The media type of a problem document.
pub(super) const PROBLEM: &str = "application/problem+json";

/// An error of the API.
#[derive(Debug)]
pub(super) struct ApiError(Box<Problem>);

impl ApiError {
    pub(super) fn new(kind: ProblemType, detail: impl Into<String>, hint: Option<String>) -> Self {
        Self(Box::new(Problem {
            kind: kind.urn(),
            title: kind.title().to_owned(),
            status: kind.status(),
            detail: detail.into(),
            hint,
            remedy: None,
            fields: Vec::new(),
        }))
    }

    /// A problem with the remedy of an error.
    pub(super) fn of(kind: ProblemType, detail: impl Into<String>, remedy: Option<Remedy>) -> Self {
        let mut problem = Self::new(kind, detail, remedy.as_ref().map(plain_text::remedy));
        problem.0.remedy = remedy;
        problem
    }

    pub(super) fn unknown_connection() -> Self {
        let hint = "list the connections with GET /api/v1/connections".to_owned();
        Self::new(ProblemType::NotFound, "no connection has this name", Some(hint))
    }

    pub(super) fn unknown_event() -> Self {
        let hint = "list the events with GET /api/v1/connections/{name}/events".to_owned();
        Self::new(ProblemType::NotFound, "no event has this ID", Some(hint))
    }

    pub(super) fn unknown_object() -> Self {
        let hint = "search with GET /api/v1/connections/{name}/objects".to_owned();
        Self::new(ProblemType::NotFound, "no object in the store or in Okta has this ID", Some(hint))
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        let hint = "see /api/v1/openapi.json for the accepted values".to_owned();
        Self::new(ProblemType::ValidationFailed, detail, Some(hint))
    }

    fn with_fields(mut self, fields: Vec<FieldError>) -> Self {
        self.0.fields = fields;
        self
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self.0)).into_response();
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        response
    }
}

impl From<ServiceError> for ApiError {
    fn from(error: ServiceError) -> Self {
        let kind = match &error {
            ServiceError::Unavailable { .. } => ProblemType::ConnectionUnavailable,
            ServiceError::Delegation(DelegationError::Paused { .. }) => ProblemType::ConnectionPaused,
            ServiceError::UnknownRun(_) | ServiceError::UnknownEvents(_) => ProblemType::NotFound,
            ServiceError::Vault(error) => return (*error).into(),
            ServiceError::Config(_) => return Self::invalid(error_chain(&error)),
            _ => {
                tracing::error!(error = error_chain(&error), "an API request failed");
                ProblemType::InternalError
            }
        };
        Self::of(kind, error_chain(&error), error.remedy())
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        Self::of(ProblemType::MasterKeyMissing, error.to_string(), Some(error.remedy()))
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let kind = match &error {
            TokenError::Store(_) => {
                tracing::error!(error = error_chain(&error), "an API request about tokens failed");
                ProblemType::InternalError
            }
            TokenError::Unknown(_) => ProblemType::NotFound,
            TokenError::NameInUse(_) => ProblemType::NameInUse,
            TokenError::LastAdmin { .. } => ProblemType::LastAdministrator,
            TokenError::Name(_) | TokenError::ExpiryInPast(_) => ProblemType::ValidationFailed,
        };
        let hint = match &error {
            TokenError::Unknown(_) => Some("list the tokens with GET /api/v1/tokens"),
            TokenError::LastAdmin { .. } => Some("create another administrator token first"),
            _ => error.hint(),
        };
        Self::new(kind, error_chain(&error), hint.map(str::to_owned))
    }
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        let (detail, remedy) = (error_chain(&error), error.remedy());
        match error {
            SaveError::InvalidSettings(checked) => {
                Self::of(ProblemType::ValidationFailed, detail, remedy).with_fields(checked.problems)
            }
            SaveError::ManagedByFile(_) => Self::of(ProblemType::ManagedByFile, detail, remedy),
            SaveError::AlreadyExists(_) => Self::of(ProblemType::NameInUse, detail, remedy),
            SaveError::Unknown(_) => Self::unknown_connection(),
            SaveError::Vault(error) => error.into(),
            SaveError::Service(error) => error.into(),
            _ => Self::of(ProblemType::InternalError, detail, remedy),
        }
    }
}

/// The response to an unknown path.
pub(super) async fn unknown_path(_identity: Identity) -> ApiError {
    let hint = "see /api/v1/openapi.json for all paths".to_owned();
    ApiError::new(ProblemType::NotFound, "the API has no such path", Some(hint))
}

/// The response to a method that the path doesn't support.
pub(super) async fn unknown_method(method: Method, uri: Uri, _identity: Identity) -> ApiError {
    let hint = "see the header Allow or /api/v1/openapi.json".to_owned();
    let detail = format!("{} doesn't support {method}", shown(uri.path()));
    ApiError::new(ProblemType::MethodNotAllowed, detail, Some(hint))
}

/// The first 100 characters of a path.
fn shown(path: &str) -> String {
    path.chars().take(100).collect()
}
