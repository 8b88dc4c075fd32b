//! The comparison of the schemas: periodic, and early when something contradicts the last result.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::error::EngineError;
use crate::domain::inbox::Subject;
use crate::domain::run_kind::RunKind;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::driver::task::{Activated, BackgroundTask};
use crate::engine::Engine;
use crate::ports::view::MappingView;
use crate::tasks::outcome::activated;

/// Compares the schemas.
pub(crate) struct SchemaTask<'e> {
    engine: &'e Engine,
    /// Canceled once the schemas are known: records require them. Missing attributes in Assets may be added later.
    known: CancellationToken,
    is_failing: bool,
}

impl<'e> SchemaTask<'e> {
    /// A task that cancels `known` once the schemas are known and the scope was compared.
    pub(crate) const fn new(engine: &'e Engine, known: CancellationToken) -> Self {
        Self { engine, known, is_failing: false }
    }

    /// Compares the schemas until they are known, even while the connection is paused.
    async fn compare_first(&self) -> Activated {
        let compared = self.engine.schemas.refresh_schema().await.map(drop);
        let followed = match self.engine.schemas.known_view() {
            Some(view) => self.engine.check_scope(&view).await,
            None => Ok(()),
        };
        if self.engine.schemas.known_view().is_some() && followed.is_ok() {
            self.known.cancel();
        }
        activated(Task::SchemaCheck, compared.and(followed))
    }

    /// Compares the schemas, unless the connection is paused: a comparison may extend the schema in Assets.
    async fn compare_unless_paused(&self) -> Activated {
        if self.engine.clock.is_paused().await.unwrap_or(true) {
            return Activated::NothingDue;
        }
        activated(Task::SchemaCheck, self.engine.schemas.refresh_schema().await.map(drop))
    }

    /// Reads the state of the schema in Assets, and compares the schemas only if it changed.
    async fn check_edits(&self) -> Activated {
        let state = match self.engine.context.ports.target_schema.state().await {
            Ok(state) => state,
            Err(error) => return activated(Task::SchemaCheck, Err(EngineError::TargetSchema(error))),
        };
        let known = self.engine.schemas.known_view().and_then(|view| view.target_schema);
        if self.is_failing || state.is_some() && state != known {
            self.compare_unless_paused().await
        } else {
            Activated::NothingDue
        }
    }
}

#[async_trait]
impl BackgroundTask for SchemaTask<'_> {
    async fn activate(&mut self, reason: ActivationReason, _: &CancellationToken) -> Activated {
        let is_early = self.known.is_cancelled() && reason == ActivationReason::Woken;
        let activated = if !self.known.is_cancelled() {
            self.compare_first().await
        } else if is_early {
            self.check_edits().await
        } else {
            self.compare_unless_paused().await
        };
        match &activated {
            Activated::Done => self.is_failing = false,
            Activated::Failed(_) => self.is_failing = true,
            Activated::NothingDue | Activated::Interrupted => {}
        }
        // A comparison that was skipped because of a pause has read nothing.
        if self.known.is_cancelled() && (is_early || !matches!(activated, Activated::NothingDue)) {
            self.engine.early_checks.read_schema();
        }
        activated
    }
}

impl Engine {
    /// Requests a full sync if the scope changed.
    async fn check_scope(&self, view: &MappingView) -> Result<(), EngineError> {
        let synchronised = self.context.store().last_run(RunKind::FullSync).await?.succeeded.is_some();
        if synchronised && self.context.store().scope_version().await? != view.rules.scope_version() {
            tracing::info!("scope changed; starting a full sync");
            self.context.store().enqueue(&Subject::EntireDirectory, self.context.now()).await?;
        }
        Ok(())
    }
}
