//! The guided set-up: Save, Setup, Verify Okta Hook, cardinalities, Synchronize. What holds, what was seen of it, and
//! what to do next; a step is not offered before those above it hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{
    HookReport, RunFilter, RunKind, RunSummary, SchemaReport, SchemaState, VerifyReport, WithheldReason,
};

use crate::ManagedBy;
use crate::connections::{JobState, ManagedConnection};
use crate::delegate::SLOW_START;
use crate::{ConnectionConfig, ConnectionStatus, ServiceError};

/// A step of the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum SetupStepName {
    /// The settings are stored.
    Save,
    /// Object schema, mapping and event hook are created.
    Setup,
    /// They are as they should be.
    Verify,
    /// References take any number of values.
    Cardinality,
    /// Everything was loaded once.
    Synchronize,
}

/// How a step stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// It holds.
    Complete,
    /// It is under way.
    Running,
    /// It can be done now.
    Ready,
    /// It was tried, or looked at, and does not hold.
    Failed,
    /// A step above it has to hold first.
    NotReady,
}

/// Something that does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct StepProblem {
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub remedy: Option<String>,
}

/// A step and how it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupStep {
    /// Which.
    pub name: SetupStepName,
    /// How it stands.
    pub state: StepState,
    /// What was seen.
    pub details: Vec<String>,
    /// What does not hold, each with its remedy.
    pub findings: Vec<StepProblem>,
    /// Since when it is under way.
    pub since: Option<Timestamp>,
}

/// The set-up of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SetupChecklist {
    /// The steps in their order.
    pub steps: Vec<SetupStep>,
    /// Whether all of them hold.
    pub complete: bool,
}

impl SetupStep {
    const fn new(name: SetupStepName, state: StepState) -> Self {
        Self { name, state, details: Vec::new(), findings: Vec::new(), since: None }
    }

    fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.details.push(evidence.into());
        self
    }

    fn failed(mut self, what: impl Into<String>, remedy: Option<String>) -> Self {
        self.state = StepState::Failed;
        self.findings.push(StepProblem { what: what.into(), remedy });
        self
    }

    fn running(name: SetupStepName, since: Timestamp, doing: &str) -> Self {
        Self { since: Some(since), ..Self::new(name, StepState::Running).seen(doing) }
    }
}

impl SetupChecklist {
    /// How the set-up of a connection stands, by what is known of it: nobody is asked.
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

/// A time as it is said in a sentence.
fn told(at: Timestamp) -> String {
    format!("on {}", at.strftime("%Y-%m-%d at %H:%M:%S UTC"))
}

fn save(member: &ManagedConnection) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Save, StepState::Complete);
    let step = match (member.keeper(), member.saved()) {
        (ManagedBy::Console, Some(saved)) => step.seen(format!("Saved here {}", told(saved.at))),
        _ => step.seen(format!("From the configuration file {}", member.config_file().display())),
    };
    match member.settings() {
        Ok(settings) => {
            let step = step.seen(format!("Okta org {}", settings.okta.org_url));
            match &settings.event_hook {
                Some(hook) => step.seen(format!("Okta delivers to {}", hook.url)),
                None => step.seen("Without an event hook: changes come from the System Log"),
            }
        }
        Err(broken) => step.failed(broken.reason.clone(), broken.hint.clone()),
    }
}

/// What is known of schema, mapping and hook, by whatever looked last.
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
        JobState::Running { since, doing } => return SetupStep::running(name, since, &doing),
        JobState::Failed { reason, hint, .. } => {
            return SetupStep::new(name, StepState::Failed).failed(reason, hint);
        }
        _ => {}
    }
    let Some((structure, hook)) = found(member) else {
        return match member.verified() {
            JobState::Running { since, doing } => SetupStep::running(name, since, &doing),
            JobState::Failed { reason, hint, .. } => {
                SetupStep::new(name, StepState::Ready).failed(reason, hint)
            }
            _ => SetupStep::new(name, StepState::Ready)
                .seen("Creates the object schema and mapping in Assets from the schemas of the org")
                .seen(match settings.event_hook {
                    Some(_) => "Creates the event hook in Okta",
                    None => "Creates no event hook: none is wanted",
                }),
        };
    };
    let hook_is_missing = hook.as_ref().is_some_and(|hook| hook.id.is_none());
    match structure.state {
        SchemaState::Missing => {
            SetupStep::new(name, StepState::Ready).seen("The import source has no schema and mapping yet")
        }
        SchemaState::Outdated => SetupStep::new(name, StepState::Ready)
            .seen(format!("Assets lacks {}", structure.added_attributes.join(", "))),
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
        JobState::Idle => SetupStep::new(name, StepState::Ready)
            .seen("Looks whether schema, mapping and event hook are as they should be"),
        JobState::Running { since, doing } => SetupStep::running(name, since, &doing),
        JobState::Failed { reason, hint, .. } => SetupStep::new(name, StepState::Failed).failed(reason, hint),
        JobState::Succeeded { result, ended, .. } => {
            let step = SetupStep::new(name, StepState::Complete).seen(format!("Looked at {}", told(ended)));
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
                _ if result.schema.drift.contains(problem) => step.seen(format!("To know of: {problem}")),
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
                    "Event hook to {}: active, verified, subscribed to what is needed",
                    hook.url
                )),
                None if step.state == StepState::Complete => {
                    step.seen("No event hook is wanted; schema and mapping are as they should be")
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
        let step = step.seen("References take any number of values");
        return match structure.fixed_attributes.as_slice() {
            [] => step,
            corrected => step.seen(format!("Set to unlimited with the account: {}", corrected.join(", "))),
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
    if let Some(run) = last.filter(|run| run.ended.is_none()) {
        return SetupStep::running(name, run.started, "Loading users, groups and memberships");
    }
    if let Some(asked) = asked.filter(|_| status.pause.is_none()) {
        return SetupStep::running(name, asked, "Asked for; it begins once what runs now has ended");
    }
    let Some(at) = status.last_full_sync_at else {
        let step = SetupStep::new(name, StepState::Ready).seen("Loads every user, group and membership once");
        let failed = last.and_then(|run| run.report.as_ref()).filter(|report| report.error.is_some());
        return match failed {
            Some(report) => step.failed(report.error.clone().unwrap_or_default(), report.hint.clone()),
            None => step,
        };
    };
    let objects: Vec<String> =
        status.objects.iter().map(|(kind, census)| format!("{} {kind} objects", census.current)).collect();
    let step = SetupStep::new(name, StepState::Complete)
        .seen(format!("Loaded {}", told(at)))
        .seen(objects.join(", "));
    // Somebody pressed the button again since.
    match last.filter(|run| run.started > at).and_then(|run| run.report.as_ref()) {
        Some(report) if report.error.is_some() => {
            step.failed(report.error.clone().unwrap_or_default(), report.hint.clone())
        }
        _ => step,
    }
}
