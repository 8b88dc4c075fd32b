//! The queues for received events.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use okta_client::HookSecret;
use sync_engine::{Clock, StateStore, TaskWaker};

use crate::alerts::Alerts;
use crate::http::intake::Intake;

/// The queue for the events of one connection.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) secret: HookSecret,
    pub(crate) store: Arc<dyn StateStore>,
    pub(crate) waker: Arc<TaskWaker>,
    /// The clock of the engine that reads the received events.
    pub(crate) clock: Arc<dyn Clock>,
    /// The receiver of notices about deliveries.
    pub(crate) alerts: Option<Arc<Alerts>>,
}

/// The inboxes by connection name. They may change while deliveries are received.
#[derive(Clone, Default)]
pub(crate) struct Inboxes {
    by_connection: Arc<RwLock<HashMap<String, Inbox>>>,
    pub(crate) intake: Arc<Intake>,
}

impl Inboxes {
    pub(crate) fn insert(&self, connection: String, inbox: Inbox) {
        self.by_connection.write().unwrap_or_else(PoisonError::into_inner).insert(connection, inbox);
    }

    pub(crate) fn remove(&self, connection: &str) {
        self.by_connection.write().unwrap_or_else(PoisonError::into_inner).remove(connection);
    }

    pub(super) fn get(&self, connection: &str) -> Option<Inbox> {
        self.by_connection.read().unwrap_or_else(PoisonError::into_inner).get(connection).cloned()
    }
}

impl FromIterator<(String, Inbox)> for Inboxes {
    fn from_iter<I: IntoIterator<Item = (String, Inbox)>>(inboxes: I) -> Self {
        let by_connection = Arc::new(RwLock::new(inboxes.into_iter().collect()));
        Self { by_connection, intake: Arc::default() }
    }
}
