//! The pages. Each module has the pages of one kind: what is read, how it looks, and what its buttons do.

mod charts;
mod checks;
mod connections;
mod edit;
mod error;
mod events;
mod health;
mod links;
mod parts;
mod plan;
mod runs;
mod schema;
mod setup;
mod shell;
mod stream;
#[cfg(test)]
mod tests;

use axum::Router;

use crate::app::App;

pub(crate) use error::PageError;

/// All pages.
pub(crate) fn router() -> Router<App> {
    Router::new()
        .merge(connections::router())
        .merge(edit::router())
        .merge(setup::router())
        .merge(plan::router())
        .merge(runs::router())
        .merge(schema::router())
        .merge(events::router())
        .merge(checks::router())
        .fallback(error::not_found)
}
