//! The one way into Assets.

use std::sync::Arc;

use crate::engine::context::Context;
use crate::engine::locks::ExecutionLock;
use crate::import::confirmations::Confirmations;
use crate::sync::schema_evolution::Schemas;
use crate::sync::staging::Staging;

/// Sends staged records, and confirms those that the outcome accounts for. One execution is open at a time.
pub(crate) struct Imports {
    pub(super) context: Arc<Context>,
    pub(super) confirmations: Arc<Confirmations>,
    pub(super) schemas: Arc<Schemas>,
    pub(super) staging: Arc<Staging>,
    pub(super) lock: ExecutionLock,
}

impl Imports {
    pub(crate) fn new(
        context: Arc<Context>,
        confirmations: Arc<Confirmations>,
        schemas: Arc<Schemas>,
        staging: Arc<Staging>,
    ) -> Self {
        Self { context, confirmations, schemas, staging, lock: ExecutionLock::default() }
    }
}
