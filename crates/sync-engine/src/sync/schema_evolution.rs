//! Compares the schemas, extends the object schema, and fills new attributes. Only this module changes the view that
//! records are built and sent by, and only under a lock; code that only displays something uses its own view.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use sync_model::{ObjectKind, Record, ReferenceForm};

use crate::domain::error::EngineError;
use crate::domain::record_text::text_of;
use crate::domain::report::RunReport;
use crate::domain::schema_report::{SchemaReport, SchemaState};
use crate::engine::context::Context;
use crate::engine::locks::{SchemaGuard, SchemaLock};
use crate::import::confirmations::Confirmations;
use crate::ports::progress::{Phase, ProgressSink};
use crate::ports::target_schema::{Comparison, FormTrial};
use crate::ports::view::MappingView;

/// The number of stored attributes outside the schema.
const OUTSIDE_LIMIT: usize = 1000;
/// The number of times in a row that the structure may change between a comparison and an addition because of it.
const MOST_CHANGES: usize = 5;

/// The schemas of both sides, and the active view.
pub(crate) struct Schemas {
    context: Arc<Context>,
    confirmations: Arc<Confirmations>,
    lock: SchemaLock,
    /// The view for building and sending records; `None` until the schemas were compared. Replaced as a whole, and only
    /// under the lock.
    view: Mutex<Option<MappingView>>,
    /// Attributes of objects that the directory's schema didn't define when it was read because of them.
    outside: Mutex<BTreeSet<(ObjectKind, String)>>,
}

impl Schemas {
    pub(crate) fn new(context: Arc<Context>, confirmations: Arc<Confirmations>) -> Self {
        Self {
            context,
            confirmations,
            lock: SchemaLock::default(),
            view: Mutex::default(),
            outside: Mutex::default(),
        }
    }

    /// True if unmapped attributes may be new in the directory's schema: some of them were not searched for yet. An
    /// event and the schedule report a schema that gains the others later.
    pub(crate) fn may_have_grown(&self, unmapped: &BTreeSet<(ObjectKind, String)>) -> bool {
        !unmapped.is_subset(&self.outside.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records attributes that the directory's schema doesn't define.
    pub(crate) fn record_unmapped(&self, unmapped: impl Iterator<Item = (ObjectKind, String)>) {
        let mut outside = self.outside.lock().unwrap_or_else(PoisonError::into_inner);
        // Names come from outside the process; beyond this number they aren't cached.
        let room = OUTSIDE_LIMIT.saturating_sub(outside.len());
        outside.extend(unmapped.take(room));
    }

    /// The view that records are built and sent by; compared first if there is none.
    pub(crate) async fn active_view(&self) -> Result<MappingView, EngineError> {
        match self.known_view() {
            Some(view) => Ok(view),
            None => Ok(self.compare().await?.view),
        }
    }

    /// The version of the mapping that records are built by; `None` until the schemas were compared.
    pub(crate) fn active_mapping_version(&self) -> Option<String> {
        self.known_view().map(|view| view.version)
    }

    /// The name of an object by the active mapping; `None` if there is no mapping or the record has no name.
    pub(crate) fn name(&self, record: &Record) -> Option<String> {
        text_of(record, self.known_view()?.rules.label(record.key.kind)?)
    }

    pub(crate) fn known_view(&self) -> Option<MappingView> {
        self.view.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Compares the schemas before records are sent; they follow the wanted mapping from then on.
    pub(crate) async fn compare(&self) -> Result<Comparison, EngineError> {
        let guard = self.lock.acquire().await;
        self.compare_locked(&guard, true).await
    }

    async fn compare_locked(
        &self,
        guard: &SchemaGuard<'_>,
        enqueue: bool,
    ) -> Result<Comparison, EngineError> {
        let compared = self.context.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        for drift in &compared.report.drift {
            tracing::debug!(code = drift.code().as_str(), subject = ?drift.subject, "schema drift");
        }
        self.activate(guard, &compared, enqueue).await?;
        Ok(compared)
    }

    /// Compares, and adds missing items if `adds` returns true for the comparison. The comparison is stored before
    /// anything is added: afterwards the new attributes can't be identified.
    async fn extend(
        &self,
        enqueue: bool,
        adds: impl Fn(&SchemaReport) -> bool,
    ) -> Result<Comparison, EngineError> {
        let guard = self.lock.acquire().await;
        for _ in 0..MOST_CHANGES {
            let compared = self.compare_locked(&guard, enqueue).await?;
            if !adds(&compared.report) {
                return Ok(compared);
            }
            let applied = self
                .context
                .ports
                .target_schema
                .apply(&compared.view)
                .await
                .map_err(EngineError::TargetSchema)?;
            if let Some(applied) = applied {
                self.activate(&guard, &applied, enqueue).await?;
                return Ok(applied);
            }
        }
        Err(EngineError::StructureChanged)
    }

    async fn activate(
        &self,
        _: &SchemaGuard<'_>,
        compared: &Comparison,
        enqueue: bool,
    ) -> Result<(), EngineError> {
        self.confirmations.adopt_place(compared, enqueue).await?;
        self.confirmations.notice_foreign(&compared.view, enqueue).await?;
        *self.view.lock().unwrap_or_else(PoisonError::into_inner) = Some(compared.view.clone());
        Ok(())
    }

    /// Compares the schemas and adds missing parts to the object schema. With `enqueue`, added and possibly lost values are
    /// read and resent; otherwise the caller reads everything.
    pub(crate) async fn follow_schema(&self, enqueue: bool) -> Result<Comparison, EngineError> {
        self.extend(enqueue, |report| report.state == SchemaState::Outdated).await
    }

    /// Creates or extends the object schema and mapping, as an administrator requests.
    pub(crate) async fn create_schema(&self) -> Result<SchemaReport, EngineError> {
        Ok(self.extend(true, |_| true).await?.report)
    }

    /// Keeps the mapping in the import source as it is until the result is dropped.
    pub(crate) async fn hold(&self) -> SchemaGuard<'_> {
        self.lock.acquire().await
    }

    /// Changes the mapping in the import source to a form of several references, for a self-test: the active view and
    /// the wanted mapping stay.
    pub(crate) async fn try_form(
        &self,
        _: &SchemaGuard<'_>,
        form: ReferenceForm,
    ) -> Result<FormTrial, EngineError> {
        let schema = &self.context.ports.target_schema;
        schema.try_reference_form(form).await.map_err(EngineError::TargetSchema)
    }

    /// Adds new attributes of the directory's schema, and requests a backfill of their values.
    pub(crate) async fn refresh_schema(&self) -> Result<MappingView, EngineError> {
        let Comparison { report, view } = self.follow_schema(true).await?;
        if report.state == SchemaState::Extended {
            tracing::info!(attributes = ?report.added_attributes, "added new attributes to the object schema");
        }
        Ok(view)
    }

    /// Updates the object schema before records that need it are built. A run that reads `everything` fills new
    /// attributes itself.
    pub(crate) async fn prepare(
        &self,
        everything: bool,
        report: &mut RunReport,
        progress: &dyn ProgressSink,
    ) -> Result<MappingView, EngineError> {
        progress.begin(Phase::Schema, None);
        let Comparison { report: structure, view } = self.follow_schema(!everything).await?;
        if structure.state == SchemaState::Missing {
            return Err(EngineError::SetupRequired);
        }
        report.add_schema(&structure);
        report.withheld = view.withheld();
        progress.end(Phase::Schema);
        Ok(view)
    }
}
