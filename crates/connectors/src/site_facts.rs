//! The facts of an import source, for the mapping that it needs.

use std::fmt;
use std::sync::Arc;

use insight_import_client::ImportClient;
use sync_engine::{PortError, SiteFact, StateStore};
use sync_model::ReferenceForm;

use crate::errors::assets_error;

/// The stored facts of self-tests.
#[derive(Clone)]
pub(crate) struct StoredFacts(Arc<dyn StateStore>);

impl fmt::Debug for StoredFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StoredFacts")
    }
}

impl StoredFacts {
    pub(crate) fn new(store: Arc<dyn StateStore>) -> Self {
        Self(store)
    }

    /// The facts about the import source of a client.
    ///
    /// # Errors
    /// When the store or Assets can't be read.
    pub(crate) async fn about(&self, assets: &ImportClient) -> Result<SourceFacts, PortError> {
        let facts = self.0.site_facts().await;
        let facts = facts.map_err(|e| PortError::new("could not read the facts of the site").caused_by(e))?;
        if facts.is_empty() {
            return Ok(SourceFacts::default());
        }
        let source = assets.source_id().await;
        let source = source.map_err(|e| assets_error("could not read the ID of the import source", e))?;
        Ok(SourceFacts { facts, source })
    }
}

/// The facts about an import source.
#[derive(Debug, Default)]
pub(crate) struct SourceFacts {
    facts: Vec<SiteFact>,
    source: String,
}

impl SourceFacts {
    /// The form of several references that a self-test proved, or found before it was interrupted.
    pub(crate) fn form(&self) -> Option<ReferenceForm> {
        let proven = SiteFact::proven_form(&self.facts, &self.source);
        proven.or_else(|| SiteFact::form_before(&self.facts, &self.source))
    }

    /// True if a self-test found that a form of several references doesn't work.
    pub(crate) fn refute(&self, form: ReferenceForm) -> bool {
        SiteFact::refutes(&self.facts, &self.source, form)
    }
}
