//! The schemas compared, the object schema extended, and what was added to it filled. Here alone the view changes that
//! records are made and sent by, and only while nobody else compares for that purpose: whatever only shows something
//! uses a view of its own.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use sync_model::{ObjectKind, Record};

use crate::{Comparison, EngineError, MappingView, RunKind, SchemaReport, SchemaState, engine::Engine};

/// How many attributes outside the schema are remembered.
const OUTSIDE_LIMIT: usize = 1000;
/// The number of times in a row that the structure may change between a comparison and an addition because of it.
const MOST_CHANGES: usize = 5;

impl Engine {
    /// Whether attributes that the mapping does not know may be new in the directory's schema: some of them were not looked
    /// for yet. A schema that gains one of the others tells it by an event, and the schedule finds it.
    pub(crate) fn may_have_grown(&self, unmapped: &BTreeSet<(ObjectKind, String)>) -> bool {
        !unmapped.is_subset(&self.outside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers attributes that the directory's schema was found not to define.
    pub(crate) fn remember_outside(&self, unmapped: impl Iterator<Item = (ObjectKind, String)>) {
        let mut outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        // Names come from outside; past this many they are looked for each time.
        let room = OUTSIDE_LIMIT.saturating_sub(outside.len());
        outside.extend(unmapped.take(room));
    }

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

    pub(crate) fn known_view(&self) -> Option<MappingView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the schemas for the sake of records that will be sent; they follow the wanted mapping from then on.
    pub(crate) async fn compare(&self) -> Result<Comparison, EngineError> {
        let _schemas = self.schemas.lock().await;
        self.compare_locked(true).await
    }

    async fn compare_locked(&self, ask: bool) -> Result<Comparison, EngineError> {
        let compared = self.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        for drift in &compared.report.drift {
            tracing::debug!(code = drift.code().as_str(), subject = ?drift.subject, "schema drift");
        }
        self.put_in_force(&compared, ask).await?;
        Ok(compared)
    }

    /// Compares, and adds what is missing where `adds` says so of the comparison. What is added is always missing in a
    /// comparison that was remembered: nothing tells afterwards that it was new.
    async fn extend(
        &self,
        ask: bool,
        adds: impl Fn(&SchemaReport) -> bool,
    ) -> Result<Comparison, EngineError> {
        let _schemas = self.schemas.lock().await;
        for _ in 0..MOST_CHANGES {
            let compared = self.compare_locked(ask).await?;
            if !adds(&compared.report) {
                return Ok(compared);
            }
            let applied =
                self.ports.target_schema.apply(&compared.view).await.map_err(EngineError::TargetSchema)?;
            if let Some(applied) = applied {
                self.put_in_force(&applied, ask).await?;
                return Ok(applied);
            }
        }
        Err(EngineError::StructureChanged)
    }

    async fn put_in_force(&self, compared: &Comparison, ask: bool) -> Result<(), EngineError> {
        self.settle_in(compared, ask).await?;
        self.notice_foreign(&compared.view, ask).await?;
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared.view.clone());
        Ok(())
    }

    /// Compares the schemas and adds to the object schema what it lacks. What is added, and what may be lost, is read and sent
    /// again when `ask`; otherwise the caller reads everything anyway.
    pub(crate) async fn follow_structure(&self, ask: bool) -> Result<Comparison, EngineError> {
        self.extend(ask, |report| report.state == SchemaState::Outdated).await
    }

    /// Creates the object schema and mapping, or adds to them, as an operator asks.
    pub(crate) async fn create_structure(&self) -> Result<SchemaReport, EngineError> {
        Ok(self.extend(true, |_| true).await?.report)
    }

    /// Adds attributes that the directory's schema has gained, and has everybody's values of them read.
    pub(crate) async fn refresh_schema(&self) -> Result<MappingView, EngineError> {
        let Comparison { report, view } = self.follow_structure(true).await?;
        if report.state == SchemaState::Extended {
            tracing::info!(attributes = ?report.added_attributes, "the object schema follows the directory's");
        }
        Ok(view)
    }

    /// Whether a full run has begun ever.
    pub(crate) async fn has_begun(&self) -> Result<bool, EngineError> {
        let read = self.ports.store.last_run(RunKind::FullSync).await?.succeeded.is_some();
        Ok(read || self.ports.store.resumable_checkpoint().await?.is_some())
    }
}
