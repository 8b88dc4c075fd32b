//! Why a call came to nothing, as a problem document (RFC 9457).

use axum::Json;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sync_service::wire::Problem;
use sync_service::{DelegationError, FieldError, SaveError, ServiceError, VaultError, error_chain};

use crate::access::{Identity, TokenError};

/// The media type of a problem document.
pub(super) const PROBLEM: &str = "application/problem+json";

/// What sort of problem it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ProblemType {
    Malformed,
    ReadOnly,
    Unknown,
    Method,
    Late,
    Underway,
    Paused,
    Taken,
    InFile,
    NoSecrets,
    LastAdmin,
    TooLarge,
    MediaType,
    Invalid,
    Failed,
    Service,
    Broken,
    Busy,
}

impl ProblemType {
    /// Its name in the type, its title, and its status.
    pub(super) const fn parts(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Malformed => ("malformed", "The request cannot be read", StatusCode::BAD_REQUEST),
            Self::ReadOnly => ("read-only", "This token may only look", StatusCode::FORBIDDEN),
            Self::Unknown => ("unknown", "There is no such thing", StatusCode::NOT_FOUND),
            Self::Method => ("method", "That cannot be done at this address", StatusCode::METHOD_NOT_ALLOWED),
            Self::Late => ("late", "The request did not come to its end", StatusCode::REQUEST_TIMEOUT),
            Self::Underway => ("under-way", "That is under way already", StatusCode::CONFLICT),
            Self::Paused => ("paused", "The connection is paused", StatusCode::CONFLICT),
            Self::Taken => ("taken", "The name is taken", StatusCode::CONFLICT),
            Self::InFile => ("in-file", "The connection is in the configuration file", StatusCode::CONFLICT),
            Self::NoSecrets => ("no-secrets", "Secrets cannot be kept", StatusCode::CONFLICT),
            Self::LastAdmin => ("last-admin", "Somebody has to administer this", StatusCode::CONFLICT),
            Self::TooLarge => ("too-large", "The request is too large", StatusCode::PAYLOAD_TOO_LARGE),
            Self::MediaType => ("media-type", "The request is not JSON", StatusCode::UNSUPPORTED_MEDIA_TYPE),
            Self::Invalid => ("invalid", "The request does not fit", StatusCode::UNPROCESSABLE_ENTITY),
            Self::Failed => ("failed", "Something failed", StatusCode::INTERNAL_SERVER_ERROR),
            Self::Service => ("service", "Okta or Assets failed", StatusCode::BAD_GATEWAY),
            Self::Broken => ("broken", "The connection cannot work", StatusCode::SERVICE_UNAVAILABLE),
            Self::Busy => ("busy", "Too many ask at the same time", StatusCode::SERVICE_UNAVAILABLE),
        }
    }
}

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) struct ApiError(Box<Problem>);

impl ApiError {
    pub(super) fn new(sort: ProblemType, detail: impl Into<String>, hint: Option<String>) -> Self {
        let (name, title, status) = sort.parts();
        Self(Box::new(Problem {
            kind: format!("urn:okta-insight-sync:problem:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            hint,
            fields: Vec::new(),
        }))
    }

    pub(super) fn unknown_connection() -> Self {
        let hint = "see which there are with GET /api/v1/connections".to_owned();
        Self::new(ProblemType::Unknown, "there is no connection of that name", Some(hint))
    }

    pub(super) fn unknown_event() -> Self {
        let hint = "see which are remembered with GET /api/v1/connections/{name}/events".to_owned();
        Self::new(ProblemType::Unknown, "there is no such event", Some(hint))
    }

    pub(super) fn unknown_object() -> Self {
        let hint = "look for it with GET /api/v1/connections/{name}/objects".to_owned();
        Self::new(ProblemType::Unknown, "there is no such object, neither here nor in Okta", Some(hint))
    }

    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        let hint = "see what is taken in /api/v1/openapi.json".to_owned();
        Self::new(ProblemType::Invalid, detail, Some(hint))
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
        let sort = match &error {
            ServiceError::Unavailable { .. } => ProblemType::Broken,
            ServiceError::Delegation(DelegationError::Paused { .. }) => ProblemType::Paused,
            ServiceError::UnknownRun(_) | ServiceError::UnknownEvents(_) => ProblemType::Unknown,
            ServiceError::Vault(error) => return (*error).into(),
            ServiceError::Config(_) => return Self::invalid(error_chain(&error)),
            _ => {
                tracing::error!(error = error_chain(&error), "a call of the API failed");
                ProblemType::Failed
            }
        };
        Self::new(sort, error_chain(&error), error.hint())
    }
}

impl From<VaultError> for ApiError {
    fn from(error: VaultError) -> Self {
        Self::new(ProblemType::NoSecrets, error.to_string(), Some(error.hint().to_owned()))
    }
}

impl From<TokenError> for ApiError {
    fn from(error: TokenError) -> Self {
        let sort = match &error {
            TokenError::Store(_) => {
                tracing::error!(error = error_chain(&error), "a call of the API about tokens failed");
                ProblemType::Failed
            }
            TokenError::Unknown(_) => ProblemType::Unknown,
            TokenError::NameInUse(_) => ProblemType::Taken,
            TokenError::LastAdmin { .. } => ProblemType::LastAdmin,
            TokenError::Name(_) | TokenError::ExpiryInPast(_) => ProblemType::Invalid,
        };
        let hint = match &error {
            TokenError::Unknown(_) => Some("see which there are with GET /api/v1/tokens"),
            TokenError::LastAdmin { .. } => Some("make another for an administrator first"),
            _ => error.hint(),
        };
        Self::new(sort, error_chain(&error), hint.map(str::to_owned))
    }
}

impl From<SaveError> for ApiError {
    fn from(error: SaveError) -> Self {
        let (detail, hint) = (error_chain(&error), error.hint());
        match error {
            SaveError::InvalidSettings(checked) => {
                Self::new(ProblemType::Invalid, detail, hint).with_fields(checked.problems)
            }
            SaveError::ManagedByFile(_) => Self::new(ProblemType::InFile, detail, hint),
            SaveError::AlreadyExists(_) => Self::new(ProblemType::Taken, detail, hint),
            SaveError::Unknown(_) => Self::unknown_connection(),
            SaveError::Vault(error) => error.into(),
            SaveError::Service(error) => error.into(),
            _ => Self::new(ProblemType::Failed, detail, hint),
        }
    }
}

/// There is nothing at this address.
pub(super) async fn unknown_path(_identity: Identity) -> ApiError {
    let hint = "see what there is in /api/v1/openapi.json".to_owned();
    ApiError::new(ProblemType::Unknown, "the API has nothing at this address", Some(hint))
}

/// There is something at this address, and not this.
pub(super) async fn unknown_method(method: Method, uri: Uri, _identity: Identity) -> ApiError {
    let hint = "see what can be done there in /api/v1/openapi.json, or in the header Allow".to_owned();
    let detail = format!("{} does not take {method}", shown(uri.path()));
    ApiError::new(ProblemType::Method, detail, Some(hint))
}

/// Of a path that somebody sent, not more than a line.
fn shown(path: &str) -> String {
    path.chars().take(100).collect()
}
