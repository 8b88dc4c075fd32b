//! The schemas compared, the object schema extended, and what was added to it filled. Here alone the view changes that
//! records are made and sent by, and only while nobody else compares for that purpose: whatever only shows something
//! uses a view of its own.

use std::sync::PoisonError;

use sync_model::Record;

use crate::{Comparison, EngineError, MappingView, StructureReport, StructureState, Subject, engine::Engine};

impl Engine {
    /// The view that records are made and sent by; compared for where there is none yet.
    pub(crate) async fn view_in_force(&self) -> Result<MappingView, EngineError> {
        match self.known_view() {
            Some(view) => Ok(view),
            None => Ok(self.compare().await?.view),
        }
    }

    /// The version of the mapping that records are made by; `None` until the schemas were compared.
    pub fn mapping_in_force(&self) -> Option<String> {
        self.known_view().map(|view| view.version)
    }

    /// What people call an object, by the mapping in force; `None` where that, or the record, does not tell.
    pub fn name(&self, record: &Record) -> Option<String> {
        crate::active::text_of(record, &self.known_view()?.directory.label(record.key.kind)?)
    }

    fn known_view(&self) -> Option<MappingView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the schemas for the sake of records that will be sent; they follow the wanted mapping from then on.
    pub(crate) async fn compare(&self) -> Result<Comparison, EngineError> {
        let _schemas = self.schemas.lock().await;
        self.compare_locked().await
    }

    async fn compare_locked(&self) -> Result<Comparison, EngineError> {
        let compared = self.ports.structure.compare().await.map_err(EngineError::Structure)?;
        for drift in &compared.report.drift {
            tracing::debug!(%drift, "the object schema differs from the directory's");
        }
        self.put_in_force(&compared);
        Ok(compared)
    }

    async fn apply_locked(&self) -> Result<Comparison, EngineError> {
        let applied = self.ports.structure.apply().await.map_err(EngineError::Structure)?;
        self.put_in_force(&applied);
        Ok(applied)
    }

    fn put_in_force(&self, compared: &Comparison) {
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared.view.clone());
    }

    /// Compares the schemas and adds to the object schema what it lacks. Values of what is added are asked for, unless
    /// whoever calls reads them anyway.
    pub(crate) async fn follow_structure(&self, ask: bool) -> Result<Comparison, EngineError> {
        let _schemas = self.schemas.lock().await;
        let compared = self.compare_locked().await?;
        if ask {
            self.ask_for_values(&compared.report).await?;
        } else {
            self.distrust_lacking(&compared.report).await?;
        }
        match compared.report.state {
            StructureState::Outdated => self.apply_locked().await,
            _ => Ok(compared),
        }
    }

    /// Creates the object schema and mapping, or adds to them, as an operator asks.
    pub(crate) async fn create_structure(&self) -> Result<StructureReport, EngineError> {
        let _schemas = self.schemas.lock().await;
        let compared = self.compare_locked().await?.report;
        self.start_over(&compared).await?;
        self.ask_for_values(&compared).await?;
        Ok(self.apply_locked().await?.report)
    }

    /// Adds attributes that the directory's schema has gained, and has everybody's values of them read.
    pub(crate) async fn refresh_schema(&self) -> Result<MappingView, EngineError> {
        let Comparison { report, view } = self.follow_structure(true).await?;
        if report.state == StructureState::Extended {
            tracing::info!(attributes = ?report.added_attributes, "the object schema follows the directory's");
        }
        Ok(view)
    }

    /// Has all objects read for the sake of attributes that are about to be added: who has a value is not known. To be
    /// called before they are added, because nothing tells afterwards that they are new.
    async fn ask_for_values(&self, compared: &StructureReport) -> Result<(), EngineError> {
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
    async fn distrust_lacking(&self, compared: &StructureReport) -> Result<(), EngineError> {
        for (&kind, fields) in &compared.lacking {
            self.ports.store.distrust_values(kind, fields).await?;
        }
        Ok(())
    }

    /// Has everything sent again where something was sent before: an import source without a schema holds none of it.
    async fn start_over(&self, compared: &StructureReport) -> Result<(), EngineError> {
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
