//! *Setup* and *Verify*: what has to exist before records can flow.

use serde::{Deserialize, Serialize};

use crate::{Comparison, EngineError, HookReport, SchemaReport, SchemaState, Task, engine::Engine};

/// What *Setup* found and did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupReport {
    /// The object schema and mapping.
    pub schema: SchemaReport,
    /// The event hook; `None` when this connection does without one.
    pub event_hook: Option<HookReport>,
}

/// What *Verify* found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct VerifyReport {
    /// The object schema and mapping.
    pub schema: SchemaReport,
    /// The event hook; `None` when this connection does without one.
    pub event_hook: Option<HookReport>,
    /// Everything that is wrong, each with its remedy.
    pub problems: Vec<String>,
}

impl Engine {
    /// Creates the object schema and mapping, and the event hook when `with_hook`. Repeatable: what is there and right
    /// is left alone.
    ///
    /// # Errors
    /// When either cannot be created. The structure is made first and stays when the hook fails.
    pub async fn setup(&self, with_hook: bool) -> Result<SetupReport, EngineError> {
        let structure = self.set_up_structure().await?;
        let hook = if with_hook { Some(self.set_up_hook().await?) } else { None };
        Ok(SetupReport { schema: structure, event_hook: hook })
    }

    /// The first half of *Setup*: the object schema and mapping.
    ///
    /// # Errors
    /// When they cannot be created or extended.
    pub async fn set_up_structure(&self) -> Result<SchemaReport, EngineError> {
        let applied = self.create_structure().await?;
        self.ports.alerts.task_succeeded(Task::SchemaCheck, self.now());
        Ok(applied)
    }

    /// The second half of *Setup*: the event hook.
    ///
    /// # Errors
    /// When it cannot be created, changed or verified.
    pub async fn set_up_hook(&self) -> Result<HookReport, EngineError> {
        let hook = self.ports.event_hook.ensure().await.map_err(EngineError::EventHook)?;
        self.tell_of_hook(&hook);
        Ok(hook)
    }

    /// Checks what *Setup* creates, and changes nothing.
    ///
    /// # Errors
    /// When something cannot be read. What is wrong but readable is in the report.
    pub async fn verify(&self, with_hook: bool) -> Result<VerifyReport, EngineError> {
        let Comparison { report: structure, view } =
            self.ports.target_schema.compare().await.map_err(EngineError::TargetSchema)?;
        let hook = if with_hook {
            Some(self.ports.event_hook.inspect().await.map_err(EngineError::EventHook)?)
        } else {
            None
        };
        self.ports.alerts.task_succeeded(Task::SchemaCheck, self.now());
        if let Some(hook) = &hook {
            self.tell_of_hook(hook);
        }
        let mut problems = match structure.state {
            SchemaState::Missing => {
                vec!["the import source has no schema and mapping; run `okta-insight setup`".to_owned()]
            }
            SchemaState::Outdated => vec![format!(
                "the object schema lacks {}; run `okta-insight setup`, or let the next sync add it",
                match structure.added_attributes.len() {
                    1 => "1 attribute".to_owned(),
                    n => format!("{n} attributes"),
                }
            )],
            SchemaState::Created | SchemaState::Extended | SchemaState::Current => Vec::new(),
        };
        problems.extend(structure.drift.iter().cloned());
        let doubted = self.count_doubted(&view).await?;
        if doubted > 0 {
            let objects = if doubted == 1 { "1 object".to_owned() } else { format!("{doubted} objects") };
            problems.push(format!(
                "{objects} may lack values in Assets that it confirmed; run `okta-insight sync`, which sends them again"
            ));
        }
        problems.extend(hook.iter().flat_map(|hook| hook.findings.iter().cloned()));
        Ok(VerifyReport { schema: structure, event_hook: hook, problems })
    }

    /// Whoever was told that the hook does not work hears it as soon as it does.
    fn tell_of_hook(&self, hook: &HookReport) {
        if hook.findings.is_empty() {
            self.ports.alerts.task_succeeded(Task::EventHookCheck, self.now());
        }
    }
}
