//! The admin API: the actions of the pages as JSON, and the document that describes it.

mod activity;
mod connections;
mod daemon;
mod document;
mod events;
mod extract;
mod jobs;
mod objects;
mod preview;
mod problem;
mod routes;
mod runs;
mod self_test;
mod stream;
mod tokens;

use std::sync::{Arc, LazyLock};

use axum::extract::DefaultBodyLimit;
use axum::routing::any;
use axum::{Extension, Router, middleware};
use serde_json::Value;
use utoipa_axum::router::OpenApiRouter;

use crate::app::App;
use extract::BODY_LIMIT;
use routes::Routes;

fn routes() -> (Router<App>, Value) {
    let all: Routes = [
        daemon::routes(),
        connections::routes(),
        jobs::routes(),
        runs::routes(),
        events::routes(),
        stream::routes(),
        activity::routes(),
        objects::routes(),
        preview::routes(),
        self_test::routes(),
        tokens::routes(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let api = all.into_iter().fold(OpenApiRouter::new(), OpenApiRouter::routes);
    let (router, document) = OpenApiRouter::new().nest("/api/v1", api).split_for_parts();
    (router, document::complete(document))
}

/// Everything below `/api`, which the console and the local sockets share: its description needs megabytes of memory.
static ROUTER: LazyLock<Router<App>> = LazyLock::new(|| {
    let (router, document) = routes();
    let parameters = Arc::new(document::Parameters::of(&document));
    router
        .method_not_allowed_fallback(problem::unknown_method)
        .route_layer(middleware::from_fn_with_state(parameters, document::only_known_parameters))
        .route("/api", any(problem::unknown_path))
        .route("/api/", any(problem::unknown_path))
        .route("/api/{*rest}", any(problem::unknown_path))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(Extension(document::Document::of(&document)))
        .layer(Extension(document::Bodies::of(&document)))
});

/// Everything below `/api`.
pub(crate) fn router() -> Router<App> {
    ROUTER.clone().layer(Extension(stream::Places::default()))
}

/// The OpenAPI document of the admin API, which `/api/v1/openapi.json` returns.
pub fn openapi() -> Value {
    routes().1
}
