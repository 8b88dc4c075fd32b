//! The connection that an address names.

use std::sync::Arc;

use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use sync_daemon::ManagedConnection;

use super::PageError;
use crate::app::App;

/// The connection that the address names as `{name}`.
pub(super) struct Chosen(pub(super) Arc<ManagedConnection>);

impl FromRequestParts<App> for Chosen {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, PageError> {
        let missing = PageError::Missing("connection");
        let Ok(path) = RawPathParams::from_request_parts(parts, app).await else { return Err(missing) };
        let name = path.iter().find(|(key, _)| *key == "name").map(|(_, name)| name);
        name.and_then(|name| app.member(name)).map(Self).ok_or(missing)
    }
}
