//! *Setup* and *Verify*: the object schema, mapping, and event hook that a sync requires.

use serde::{Deserialize, Serialize};

use crate::domain::alert::{AlertKind, TaskFailure};
use crate::domain::error::EngineError;
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::hook_report::HookReport;
use crate::domain::schema_report::{SchemaReport, SchemaState};
use crate::domain::task::Task;
use crate::engine::Engine;
use crate::ports::target_schema::Comparison;

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

impl Engine {
    /// Creates the object schema and mapping, and the event hook if `with_hook`. Repeatable: correct parts stay
    /// unchanged.
    ///
    /// # Errors
    /// When either can't be created. The object schema is created first and stays if the event hook fails.
    pub async fn setup(&self, with_hook: bool) -> Result<SetupReport, EngineError> {
        let schema = self.set_up_schema().await?;
        let hook = if with_hook { Some(self.set_up_hook().await?) } else { None };
        Ok(SetupReport { schema, event_hook: hook })
    }

    /// The first half of *Setup*: the object schema and mapping.
    ///
    /// # Errors
    /// When they cannot be created or extended.
    pub async fn set_up_schema(&self) -> Result<SchemaReport, EngineError> {
        let applied = self.create_schema().await?;
        self.ports.alerts.task_succeeded(Task::SchemaCheck, self.now());
        Ok(applied)
    }

    /// The second half of *Setup*: the event hook.
    ///
    /// # Errors
    /// When it cannot be created, changed or verified.
    pub async fn set_up_hook(&self) -> Result<HookReport, EngineError> {
        let _hook_lock = self.early_checks.hook_lock().lock().await;
        let hook = self.ports.event_hook.ensure().await.map_err(EngineError::EventHook)?;
        self.note_hook(&hook);
        Ok(hook)
    }

    /// Checks the parts that *Setup* creates, and changes nothing.
    ///
    /// # Errors
    /// When a part can't be read. Findings about readable parts are in the report.
    pub async fn verify(&self, with_hook: bool) -> Result<VerifyReport, EngineError> {
        let Comparison { report: structure, view } =
            self.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        let hook = if with_hook { Some(self.inspect_hook().await?) } else { None };
        self.ports.alerts.task_succeeded(Task::SchemaCheck, self.now());
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
        let objects = self.count_possibly_lost(&view).await?;
        if objects > 0 {
            let pending = Finding::warning(Fact::ResendPending { objects });
            findings.push(pending.with_remedy(Remedy::RunFullSync));
        }
        findings.extend(hook.iter().flat_map(|hook| hook.findings.iter().cloned()));
        Ok(VerifyReport { schema: structure, event_hook: hook, findings })
    }

    async fn inspect_hook(&self) -> Result<HookReport, EngineError> {
        let _hook_lock = self.early_checks.hook_lock().lock().await;
        let hook = self.ports.event_hook.inspect().await.map_err(EngineError::EventHook)?;
        self.note_hook(&hook);
        Ok(hook)
    }

    /// Records the state of the event hook: an alert about it ends as soon as it works.
    fn note_hook(&self, hook: &HookReport) {
        self.early_checks.read_hook(hook);
        let (task, at) = (Task::EventHookCheck, self.now());
        match hook.findings.first() {
            None => self.ports.alerts.task_succeeded(task, at),
            Some(finding) => {
                let (kind, finding) = (AlertKind::EventHookUnhealthy, finding.clone());
                self.ports.alerts.task_failed(TaskFailure { task, kind, finding, at });
            }
        }
    }
}
