//! The two clients behind the engine's ports.

mod directory;
mod hook;
mod importer;
mod structure;

use std::sync::{Arc, PoisonError, RwLock};

use schema_mapper::Mapping;
use sync_engine::PortError;

pub(crate) use directory::OktaDirectory;
pub(crate) use hook::OktaEventHook;
pub(crate) use importer::AssetsImporter;
pub(crate) use structure::AssetsStructure;

/// The mapping in force. Replaced as a whole when the schemas were compared.
#[derive(Debug, Clone, Default)]
pub(crate) struct MappingSlot(Arc<RwLock<Option<Arc<Mapping>>>>);

impl MappingSlot {
    pub(crate) fn set(&self, mapping: Mapping) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(mapping));
    }

    pub(crate) fn get(&self) -> Option<Arc<Mapping>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

pub(crate) fn okta_error(action: &str, error: okta_client::Error) -> PortError {
    let (transient, hint) = (error.is_transient(), error.hint());
    PortError::new(action).transient(transient).with_hint(hint).caused_by(error)
}

pub(crate) fn assets_error(action: &str, error: insight_import_client::Error) -> PortError {
    let (transient, hint) = (error.is_transient(), error.hint());
    let busy = matches!(error, insight_import_client::Error::InProgress);
    PortError::new(action).transient(transient).busy(busy).with_hint(hint).caused_by(error)
}
