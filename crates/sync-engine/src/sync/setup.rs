//! *Setup* and *Verify*: the object schema, mapping, and event hook that a sync requires.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::domain::alert::{AlertKind, TaskFailure};
use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::hook_report::HookReport;
use crate::domain::schema_report::{SchemaReport, SchemaState};
use crate::domain::task::Task;
use crate::engine::basics::Basics;
use crate::engine::context::Context;
use crate::engine::early_checks::EarlyChecks;
use crate::engine::locks::HookGuard;
use crate::import::confirmations::Confirmations;
use crate::ports::target_schema::Comparison;
use crate::sync::schema_evolution::Schemas;

/// The result of *Setup*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupReport {
    /// The object schema and mapping.
    pub schema: SchemaReport,
    /// The event hook; `None` if the connection has none.
    pub event_hook: Option<HookReport>,
}

/// The result of *Verify*.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyReport {
    /// The object schema and mapping.
    pub schema: SchemaReport,
    /// The event hook; `None` if the connection has none.
    pub event_hook: Option<HookReport>,
    /// All findings of the object schema and the event hook.
    pub findings: Vec<Finding>,
}

/// Creates and checks what a sync requires.
pub(crate) struct Setup {
    context: Arc<Context>,
    confirmations: Arc<Confirmations>,
    schemas: Arc<Schemas>,
    early_checks: Arc<EarlyChecks>,
}

impl Setup {
    pub(crate) fn new(basics: &Basics, early_checks: Arc<EarlyChecks>) -> Self {
        Self {
            context: Arc::clone(&basics.context),
            confirmations: Arc::clone(&basics.confirmations),
            schemas: Arc::clone(&basics.schemas),
            early_checks,
        }
    }

    pub(crate) async fn set_up(&self, with_hook: bool) -> Result<SetupReport, EngineError> {
        let schema = self.set_up_schema().await?;
        let hook = if with_hook { Some(self.set_up_hook().await?) } else { None };
        Ok(SetupReport { schema, event_hook: hook })
    }

    pub(crate) async fn set_up_schema(&self) -> Result<SchemaReport, EngineError> {
        let applied = self.schemas.create_schema().await?;
        self.context.ports.alerts.task_succeeded(Task::SchemaCheck, self.context.now());
        Ok(applied)
    }

    pub(crate) async fn set_up_hook(&self) -> Result<HookReport, EngineError> {
        let guard = self.early_checks.hook_lock().acquire().await;
        let hook = self.context.ports.event_hook.ensure().await.map_err(EngineError::EventHook)?;
        self.note_hook(&guard, &hook);
        Ok(hook)
    }

    pub(crate) async fn verify(&self, with_hook: bool) -> Result<VerifyReport, EngineError> {
        let Comparison { report: structure, view } =
            self.context.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        let hook = if with_hook { Some(self.inspect_hook().await?) } else { None };
        self.context.ports.alerts.task_succeeded(Task::SchemaCheck, self.context.now());
        let mut findings = Vec::new();
        match structure.state {
            SchemaState::Missing => findings.push(Finding::error(Fact::SchemaMissing)),
            SchemaState::Outdated => findings.push(Finding::warning(Fact::SchemaOutdated {
                object_types: structure.added_types.clone(),
                attributes: structure.added_attributes.clone(),
            })),
            SchemaState::Created | SchemaState::Extended | SchemaState::Current => {}
        }
        findings.extend(structure.drift.iter().cloned());
        let objects = self.confirmations.count_possibly_lost(&view).await?;
        if objects > 0 {
            let pending = Finding::warning(Fact::ResendPending { objects });
            findings.push(pending.with_remedy(Remedy::RunFullSync));
        }
        findings.extend(hook.iter().flat_map(|hook| hook.findings.iter().cloned()));
        Ok(VerifyReport { schema: structure, event_hook: hook, findings })
    }

    async fn inspect_hook(&self) -> Result<HookReport, EngineError> {
        let guard = self.early_checks.hook_lock().acquire().await;
        let hook = self.context.ports.event_hook.inspect().await.map_err(EngineError::EventHook)?;
        self.note_hook(&guard, &hook);
        Ok(hook)
    }

    /// Records the state of the event hook: an alert about it ends as soon as it works.
    fn note_hook(&self, guard: &HookGuard<'_>, hook: &HookReport) {
        self.early_checks.read_hook(guard, hook);
        let (task, at) = (Task::EventHookCheck, self.context.now());
        match hook.findings.first() {
            None => self.context.ports.alerts.task_succeeded(task, at),
            Some(finding) => {
                let (kind, finding) = (AlertKind::EventHookUnhealthy, finding.clone());
                self.context.ports.alerts.task_failed(TaskFailure { task, kind, finding, at });
            }
        }
    }
}
