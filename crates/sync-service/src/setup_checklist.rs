//! The setup checklist: Save, Setup, Verify Okta Hook, cardinality, Synchronize. Each step has a state, details, and
//! findings; a step is ready when all earlier steps are complete.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{
    HookReport, RunFilter, RunKind, RunSummary, SchemaReport, SchemaState, VerifyReport, WithheldReason,
};

use crate::ManagedBy;
use crate::connections::{JobState, ManagedConnection};
use crate::delegate::SLOW_START;
use crate::{ConnectionConfig, ConnectionStatus, ServiceError};

/// The name of a setup step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SetupStepName {
    /// The settings are stored.
    Save,
    /// Object types, mapping, and event hook are created.
    Setup,
    /// They are verified.
    Verify,
    /// References accept any number of values.
    Cardinality,
    /// The first full sync succeeded.
    Synchronize,
}

/// The state of a setup step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// The step is complete.
    Complete,
    /// The step is running.
    Running,
    /// The step can start.
    Ready,
    /// The step failed.
    Failed,
    /// An earlier step isn't complete.
    NotReady,
}

/// A problem and its remedy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Finding {
    /// The description.
    pub message: String,
    /// The remedy.
    pub remedy: Option<String>,
}

/// A setup step with its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupStep {
    /// Its name.
    pub name: SetupStepName,
    /// Its state.
    pub state: StepState,
    /// The results, as text.
    pub details: Vec<String>,
    /// The problems, each with its remedy.
    pub findings: Vec<Finding>,
    /// The start of the running step.
    pub started_at: Option<Timestamp>,
}

/// The setup checklist of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupChecklist {
    /// The steps in their order.
    pub steps: Vec<SetupStep>,
    /// True if all steps are complete.
    pub complete: bool,
}

impl SetupStep {
    const fn new(name: SetupStepName, state: StepState) -> Self {
        Self { name, state, details: Vec::new(), findings: Vec::new(), started_at: None }
    }

    fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.details.push(evidence.into());
        self
    }

    fn failed(mut self, what: impl Into<String>, remedy: Option<String>) -> Self {
        self.state = StepState::Failed;
        self.findings.push(Finding { message: what.into(), remedy });
        self
    }

    fn running(name: SetupStepName, since: Timestamp, doing: &str) -> Self {
        Self { started_at: Some(since), ..Self::new(name, StepState::Running).seen(doing) }
    }
}

impl SetupChecklist {
    /// The checklist of a connection, from known results; it sends no requests.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(member: &ManagedConnection) -> Result<Self, ServiceError> {
        let mut steps = vec![save(member)];
        match (member.settings(), member.connection()) {
            (Ok(settings), Ok(connection)) => {
                let status = connection.status(0).await?;
                steps.push(setup(member, settings));
                steps.push(verify(member));
                steps.push(cardinality(member));
                let full = RunFilter { kind: Some(RunKind::FullSync), limit: 1, failed: false };
                let asked = connection.store().pending_request_at(Timestamp::now() - SLOW_START).await?;
                steps.push(synchronize(&status, connection.runs(&full).await?.first(), asked));
            }
            _ => steps.extend(
                [
                    SetupStepName::Setup,
                    SetupStepName::Verify,
                    SetupStepName::Cardinality,
                    SetupStepName::Synchronize,
                ]
                .map(|name| SetupStep::new(name, StepState::NotReady)),
            ),
        }
        let mut holds = true;
        for step in &mut steps {
            // What was done once stays done to see; what failed below something that does not hold says nothing.
            if !holds && !matches!(step.state, StepState::Running | StepState::Complete) {
                *step = SetupStep::new(step.name, StepState::NotReady);
            }
            holds &= step.state == StepState::Complete;
        }
        Ok(Self { complete: holds, steps })
    }

    /// A step of it.
    pub fn step(&self, name: SetupStepName) -> Option<&SetupStep> {
        self.steps.iter().find(|step| step.name == name)
    }
}

/// A time in a sentence.
fn told(at: Timestamp) -> String {
    format!("on {at:.0}")
}

fn save(member: &ManagedConnection) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Save, StepState::Complete);
    let step = match (member.keeper(), member.saved()) {
        (ManagedBy::Console, Some(saved)) => step.seen(format!("Saved {}", told(saved.saved_at))),
        _ => step.seen(format!("Managed by the configuration file {}", member.config_file().display())),
    };
    match member.settings() {
        Ok(settings) => {
            let step = step.seen(format!("Okta org {}", settings.okta.org_url));
            match &settings.event_hook {
                Some(hook) => step.seen(format!("Okta delivers to {}", hook.url)),
                None => step.seen("No event hook: changes come from the System Log"),
            }
        }
        Err(broken) => step.failed(broken.reason.clone(), broken.hint.clone()),
    }
}

/// The latest report of schema, mapping, and event hook.
fn found(member: &ManagedConnection) -> Option<(SchemaReport, Option<HookReport>)> {
    match (member.setup(), member.verified()) {
        (_, JobState::Succeeded { result: VerifyReport { schema: structure, event_hook: hook, .. }, .. }) => {
            Some((structure, hook))
        }
        (JobState::Succeeded { result, .. }, _) => Some((result.schema, result.event_hook)),
        _ => None,
    }
}

fn setup(member: &ManagedConnection, settings: &ConnectionConfig) -> SetupStep {
    let name = SetupStepName::Setup;
    match member.setup() {
        JobState::Running { started_at, activity } => return SetupStep::running(name, started_at, &activity),
        JobState::Failed { reason, hint, .. } => {
            return SetupStep::new(name, StepState::Failed).failed(reason, hint);
        }
        _ => {}
    }
    let Some((structure, hook)) = found(member) else {
        return match member.verified() {
            JobState::Running { started_at, activity } => SetupStep::running(name, started_at, &activity),
            JobState::Failed { reason, hint, .. } => {
                SetupStep::new(name, StepState::Ready).failed(reason, hint)
            }
            _ => SetupStep::new(name, StepState::Ready)
                .seen("Creates the object types, attributes, and mapping in Assets from the org's schemas")
                .seen(match settings.event_hook {
                    Some(_) => "Creates the event hook in Okta",
                    None => "Creates no event hook, because none is configured",
                }),
        };
    };
    let hook_is_missing = hook.as_ref().is_some_and(|hook| hook.id.is_none());
    match structure.state {
        SchemaState::Missing => {
            SetupStep::new(name, StepState::Ready).seen("The import source has no schema and mapping yet")
        }
        SchemaState::Outdated => SetupStep::new(name, StepState::Ready)
            .seen(format!("Missing attributes in Assets: {}", structure.added_attributes.join(", "))),
        _ if hook_is_missing => {
            SetupStep::new(name, StepState::Ready).seen("Okta has no event hook for this connection yet")
        }
        SchemaState::Created | SchemaState::Extended | SchemaState::Current => {
            let types = structure.existing_types.max(structure.added_types.len());
            let attributes = structure.existing_attributes + structure.added_attributes.len();
            let step = SetupStep::new(name, StepState::Complete).seen(format!(
                "{types} object types with {attributes} attributes in Assets, mapping {}",
                structure.version
            ));
            match hook {
                Some(hook) => step.seen(match hook.changes.as_slice() {
                    [] => format!("Event hook to {}", hook.url),
                    changes => format!("Event hook to {}: {}", hook.url, changes.join(", ")),
                }),
                None => step,
            }
        }
    }
}

fn verify(member: &ManagedConnection) -> SetupStep {
    let name = SetupStepName::Verify;
    match member.verified() {
        JobState::Idle => {
            SetupStep::new(name, StepState::Ready).seen("Checks the schema, mapping, and event hook")
        }
        JobState::Running { started_at, activity } => SetupStep::running(name, started_at, &activity),
        JobState::Failed { reason, hint, .. } => SetupStep::new(name, StepState::Failed).failed(reason, hint),
        JobState::Succeeded { result, ended_at: ended, .. } => {
            let step = SetupStep::new(name, StepState::Complete).seen(format!("Verified {}", told(ended)));
            let limited = |problem: &str| {
                result
                    .schema
                    .limited_attributes
                    .iter()
                    .any(|place| problem.starts_with(&format!("{place} takes ")))
            };
            let problems = result.problems.iter().filter(|problem| !limited(problem));
            let step = problems.fold(step, |step, problem| match problem.split_once("; ") {
                // What a person made otherwise in Assets stays as it is, and nothing waits for it.
                _ if result.schema.drift.contains(problem) => step.seen(format!("Warning: {problem}")),
                Some((what, remedy)) => step.failed(what, Some(remedy.to_owned())),
                None => step.failed(problem, None),
            });
            // What is limited has a step of its own.
            let lost = result.schema.withheld.iter();
            let lost = lost.filter(|field| !matches!(field.reason, WithheldReason::Cardinality { .. }));
            let step = lost.fold(step, |step, field| {
                step.failed(field.to_string(), Some("correct the attribute in Assets".to_owned()))
            });
            match result.event_hook {
                Some(hook) if step.state == StepState::Complete => step.seen(format!(
                    "Event hook to {}: active, verified, and subscribed to all required event types",
                    hook.url
                )),
                None if step.state == StepState::Complete => {
                    step.seen("No event hook is configured; schema and mapping match")
                }
                _ => step,
            }
        }
    }
}

fn cardinality(member: &ManagedConnection) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Cardinality, StepState::Complete);
    let found = found(member).filter(|(structure, _)| structure.state != SchemaState::Missing);
    let Some((structure, _)) = found else {
        return SetupStep::new(SetupStepName::Cardinality, StepState::NotReady);
    };
    if structure.limited_attributes.is_empty() {
        let step = step.seen("References accept any number of values");
        return match structure.fixed_attributes.as_slice() {
            [] => step,
            corrected => {
                step.seen(format!("Set to unlimited with the Atlassian account: {}", corrected.join(", ")))
            }
        };
    }
    structure.limited_attributes.iter().fold(step, |step, place| {
        let prefix = format!("{place} takes ");
        let told = structure.drift.iter().find(|drift| drift.starts_with(&prefix));
        let told = told.map_or(place.as_str(), String::as_str);
        match told.split_once("; ") {
            Some((what, remedy)) => step.failed(what, Some(remedy.to_owned())),
            None => step.failed(told, None),
        }
    })
}

fn synchronize(status: &ConnectionStatus, last: Option<&RunSummary>, asked: Option<Timestamp>) -> SetupStep {
    let name = SetupStepName::Synchronize;
    if let Some(run) = last.filter(|run| run.ended_at.is_none()) {
        return SetupStep::running(name, run.started_at, "Reading users, groups, and memberships");
    }
    if let Some(asked) = asked.filter(|_| status.pause.is_none()) {
        return SetupStep::running(name, asked, "Requested; starts when the active run ends");
    }
    let Some(at) = status.last_full_sync_at else {
        let step = SetupStep::new(name, StepState::Ready).seen("Reads all users, groups, and memberships");
        let failed = last.and_then(|run| run.report.as_ref()).filter(|report| report.error.is_some());
        return match failed {
            Some(report) => step.failed(report.error.clone().unwrap_or_default(), report.hint.clone()),
            None => step,
        };
    };
    let objects: Vec<String> = status
        .objects
        .iter()
        .map(|(kind, counts)| {
            format!("{} {kind}{}", counts.current, if counts.current == 1 { "" } else { "s" })
        })
        .collect();
    let step = SetupStep::new(name, StepState::Complete)
        .seen(format!("Last full sync {}", told(at)))
        .seen(objects.join(", "));
    // Somebody pressed the button again since.
    match last.filter(|run| run.started_at > at).and_then(|run| run.report.as_ref()) {
        Some(report) if report.error.is_some() => {
            step.failed(report.error.clone().unwrap_or_default(), report.hint.clone())
        }
        _ => step,
    }
}
