//! The import sources of the site: the one that accounts see, and another one with its own object schema.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use http::header;

use super::api::handle;
use super::site::Site;
use crate::faults::{Side, inject};

/// Both import sources. A request goes to the source of its token, and to the first one without such a token.
#[derive(Clone)]
pub(crate) struct Sources {
    pub(crate) first: Arc<Site>,
    pub(crate) other: Arc<Site>,
}

impl Sources {
    fn addressed(&self, request: &Request) -> Arc<Site> {
        let credential = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = credential.and_then(|credential| credential.strip_prefix("Bearer "));
        let is_other = token.is_some_and(|token| token == self.other.import_token());
        Arc::clone(if is_other { &self.other } else { &self.first })
    }
}

/// Everything below the site's address.
pub(crate) fn router(sources: Sources) -> Router {
    let faults = (Arc::clone(&sources.first.faults), Side::Assets);
    Router::new().fallback(route).layer(from_fn_with_state(faults, inject)).with_state(sources)
}

async fn route(State(sources): State<Sources>, request: Request) -> Response {
    handle(sources.addressed(&request), request).await
}
