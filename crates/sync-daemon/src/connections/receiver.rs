//! The hook receiver of a daemon.

use super::manager::ConnectionManager;
use crate::http::{HookReceiver, ListenError};

impl HookReceiver {
    /// Listens for all connections of a daemon, at the address of its settings.
    ///
    /// # Errors
    /// When the address is in use, belongs to another host, or requires TLS.
    pub async fn for_connections(manager: &ConnectionManager) -> Result<Self, ListenError> {
        Self::with_inboxes(manager.config(), manager.inboxes().clone(), manager.driver()).await
    }
}
