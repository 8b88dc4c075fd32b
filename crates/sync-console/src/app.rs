//! The shared state of all pages and API calls.

use std::sync::Arc;

use sync_daemon::{ConnectionManager, ManagedConnection};
use sync_model::ConnectionName;
use tokio_util::sync::CancellationToken;

/// The shared state of all pages and API calls.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) manager: Arc<ConnectionManager>,
    /// Ends long-running responses, such as streams.
    pub(crate) stop: CancellationToken,
}

impl App {
    /// The connection of that name; `None` when there is none, or it cannot be a name.
    pub(crate) fn member(&self, name: &str) -> Option<Arc<ManagedConnection>> {
        self.manager.get(&ConnectionName::try_from(name.to_owned()).ok()?)
    }
}
