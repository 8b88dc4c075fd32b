//! Both sides seen through one mapping.

use std::sync::Arc;

use crate::{Directory, Importer, Objects};

/// The directory and the import source, seen through one mapping. It never changes: another mapping is another view.
#[derive(Clone)]
pub struct MappingView {
    /// A short name for the mapping as Assets has it: the same for equal mappings.
    pub version: String,
    /// The source of truth.
    pub directory: Arc<dyn Directory>,
    /// The target of records.
    pub importer: Arc<dyn Importer>,
    /// Objects in Assets one by one; `None` without an account.
    pub objects: Option<Arc<dyn Objects>>,
}
