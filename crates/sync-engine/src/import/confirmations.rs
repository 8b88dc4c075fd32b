//! The validity of confirmed records: they hold for one place, and until another program changes Assets.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use crate::engine::context::Context;

/// Notices that confirmed records may be lost, and has them resent.
pub(crate) struct Confirmations {
    pub(super) context: Arc<Context>,
    /// True once the latest execution of the import source was compared with the store.
    pub(super) executions_compared: AtomicBool,
}

impl Confirmations {
    pub(crate) fn new(context: Arc<Context>) -> Self {
        Self { context, executions_compared: AtomicBool::default() }
    }
}
