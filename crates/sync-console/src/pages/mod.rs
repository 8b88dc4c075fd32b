//! The pages. Each module has the pages of one kind: their data, their layout, and their actions.

mod access;
mod activity;
mod charts;
mod checks;
mod components;
mod connections;
mod edit;
mod error;
mod events;
mod findings;
mod health;
mod layout;
mod links;
mod objects;
mod plan;
mod runs;
mod schema;
mod scope;
mod self_test;
mod setup;
mod sign_in;
mod stream;
#[cfg(test)]
mod tests;

use axum::Router;
use axum::middleware::from_fn;

use crate::app::App;

pub(crate) use error::{PageError, refusal};
pub(crate) use sign_in::page as sign_in;

/// All pages.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .merge(access::router())
        .merge(connections::router())
        .merge(edit::router())
        .merge(setup::router())
        .merge(activity::router())
        .merge(plan::router())
        .merge(objects::router())
        .merge(runs::router())
        .merge(schema::router())
        .merge(events::router())
        .merge(checks::router())
        .merge(self_test::router())
        .fallback(error::not_found)
        .layer(from_fn(error::framed))
}
