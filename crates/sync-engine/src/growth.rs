//! The schemas compared, the object schema extended, and what was added to it filled.

use std::sync::PoisonError;

use crate::{EngineError, StructureReport, StructureState, Subject, engine::Engine};

impl Engine {
    /// Compares the schemas; records follow the wanted mapping from then on.
    pub(crate) async fn compare(&self) -> Result<StructureReport, EngineError> {
        let compared = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        self.follow_mapping(&compared);
        Ok(compared)
    }

    /// The same, with the differences in the log.
    pub(crate) async fn compare_schema(&self) -> Result<StructureReport, EngineError> {
        let report = self.compare().await?;
        for drift in &report.drift {
            tracing::debug!(%drift, "the object schema differs from the directory's");
        }
        Ok(report)
    }

    /// Adds to the object schema what it was found to lack.
    pub(crate) async fn extend(&self, compared: StructureReport) -> Result<StructureReport, EngineError> {
        if compared.state != StructureState::Outdated {
            return Ok(compared);
        }
        let applied = self.ports.structure.apply().await.map_err(EngineError::Structure)?;
        self.follow_mapping(&applied);
        Ok(applied)
    }

    /// Adds attributes that the directory's schema has gained, and has everybody's values of them read.
    pub(crate) async fn refresh_schema(&self) -> Result<(), EngineError> {
        let compared = self.compare_schema().await?;
        self.ask_for_values(&compared).await?;
        let report = self.extend(compared).await?;
        if report.state == StructureState::Extended {
            tracing::info!(attributes = ?report.added_attributes, "the object schema follows the directory's");
        }
        Ok(())
    }

    fn follow_mapping(&self, report: &StructureReport) {
        *self.mapping.lock().unwrap_or_else(PoisonError::into_inner) = Some(report.version.clone());
    }

    /// The version of the mapping that records are made by.
    pub(crate) fn mapping_in_force(&self) -> Option<String> {
        self.mapping.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Has all objects read for the sake of attributes that are about to be added: who has a value is not known. To be
    /// called before they are added, because nothing tells afterwards that they are new.
    pub(crate) async fn ask_for_values(&self, compared: &StructureReport) -> Result<(), EngineError> {
        self.distrust_lacking(compared).await?;
        let is_grown = compared.state == StructureState::Outdated && !compared.lacking.is_empty();
        // Nothing is there to be filled before the first full run has begun.
        if is_grown && self.has_begun().await? {
            self.ports.store.ask(&Subject::Schema, self.now()).await?;
        }
        Ok(())
    }

    /// Has values sent again that were confirmed for attributes that are not there: they went with an attribute that was
    /// deleted. To be called before anything is added.
    pub(crate) async fn distrust_lacking(&self, compared: &StructureReport) -> Result<(), EngineError> {
        for (&kind, fields) in &compared.lacking {
            self.ports.store.distrust_values(kind, fields).await?;
        }
        Ok(())
    }

    /// Has everything sent again where something was sent before: an import source without a schema holds none of it.
    pub(crate) async fn start_over(&self, compared: &StructureReport) -> Result<(), EngineError> {
        if compared.state == StructureState::Missing && self.has_begun().await? {
            self.ports.store.distrust().await?;
            self.ports.store.ask(&Subject::Directory, self.now()).await?;
        }
        Ok(())
    }

    /// Whether a full run has begun ever.
    async fn has_begun(&self) -> Result<bool, EngineError> {
        Ok(self.last_pass().await?.is_some() || self.ports.store.unfinished_pass().await?.is_some())
    }
}
