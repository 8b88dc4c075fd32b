//! The services that all others build on.

use std::sync::Arc;

use crate::engine::clock::ClockWatch;
use crate::engine::context::{Context, Ports};
use crate::engine::options::EngineOptions;
use crate::import::confirmations::Confirmations;
use crate::import::imports::Imports;
use crate::sync::schema_evolution::Schemas;
use crate::sync::staging::Staging;

/// The services below those that read, for the constructors of these. Each has only those above it.
pub(crate) struct Basics {
    pub(crate) context: Arc<Context>,
    pub(crate) confirmations: Arc<Confirmations>,
    pub(crate) schemas: Arc<Schemas>,
    pub(crate) clock: Arc<ClockWatch>,
    pub(crate) staging: Arc<Staging>,
    pub(crate) imports: Arc<Imports>,
}

impl Basics {
    pub(crate) fn new(ports: Ports, options: EngineOptions) -> Self {
        let context = Arc::new(Context::new(ports, options));
        let confirmations = Arc::new(Confirmations::new(Arc::clone(&context)));
        let schemas = Arc::new(Schemas::new(Arc::clone(&context), Arc::clone(&confirmations)));
        let clock = Arc::new(ClockWatch::new(Arc::clone(&context), Arc::clone(&schemas)));
        let staging = Arc::new(Staging::new(Arc::clone(&context)));
        let imports = Arc::new(Imports::new(
            Arc::clone(&context),
            Arc::clone(&confirmations),
            Arc::clone(&schemas),
            Arc::clone(&staging),
        ));
        Self { context, confirmations, schemas, clock, staging, imports }
    }
}
