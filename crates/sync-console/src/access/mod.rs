//! Who may do what.

/// What somebody may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    Admin,
    ReadOnly,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(crate) who: String,
    pub(crate) role: Role,
    pub(crate) csrf: Option<String>,
}

impl<S: Sync> axum::extract::FromRequestParts<S> for Identity {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(_: &mut axum::http::request::Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self { who: "nobody".into(), role: Role::Admin, csrf: None })
    }
}
