//! The routes of a part of the API.

use utoipa_axum::router::UtoipaMethodRouter;

use crate::app::App;

/// Routes with their documentation: there is no other way to add one.
pub(super) type Routes = Vec<UtoipaMethodRouter<App>>;
