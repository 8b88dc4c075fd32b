//! The guided set-up: Save, Setup, Verify Okta Hook, cardinalities, Synchronize. What holds, what was seen of it, and
//! what to do next; a step is not offered before those above it hold.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_engine::{
    HookReport, RunFilter, RunKind, RunSummary, StructureReport, StructureState, VerifyReport, WithheldReason,
};

use crate::Keeper;
use crate::fleet::{JobState, Member};
use crate::handover::SLOW_START;
use crate::{ConnectionConfig, ConnectionStatus, ServiceError};

/// A step of the set-up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum StepName {
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
#[serde(rename_all = "lowercase")]
pub enum StepState {
    /// It holds.
    Done,
    /// It is under way.
    Running,
    /// It can be done now.
    Ready,
    /// It was tried, or looked at, and does not hold.
    Failed,
    /// A step above it has to hold first.
    Blocked,
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
pub struct Step {
    /// Which.
    pub name: StepName,
    /// How it stands.
    pub state: StepState,
    /// What was seen.
    pub evidence: Vec<String>,
    /// What does not hold, each with its remedy.
    pub problems: Vec<StepProblem>,
    /// Since when it is under way.
    pub since: Option<Timestamp>,
}

/// The set-up of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Guide {
    /// The steps in their order.
    pub steps: Vec<Step>,
    /// Whether all of them hold.
    pub complete: bool,
}

impl Step {
    const fn new(name: StepName, state: StepState) -> Self {
        Self { name, state, evidence: Vec::new(), problems: Vec::new(), since: None }
    }

    fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    fn failed(mut self, what: impl Into<String>, remedy: Option<String>) -> Self {
        self.state = StepState::Failed;
        self.problems.push(StepProblem { what: what.into(), remedy });
        self
    }

    fn running(name: StepName, since: Timestamp, doing: &str) -> Self {
        Self { since: Some(since), ..Self::new(name, StepState::Running).seen(doing) }
    }
}

impl Guide {
    /// How the set-up of a connection stands, by what is known of it: nobody is asked.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn of(member: &Member) -> Result<Self, ServiceError> {
        let mut steps = vec![save(member)];
        match (member.settings(), member.connection()) {
            (Ok(settings), Ok(connection)) => {
                let status = connection.status(0).await?;
                steps.push(setup(member, settings));
                steps.push(verify(member));
                steps.push(cardinality(member));
                let full = RunFilter { kind: Some(RunKind::Full), limit: 1, failed: false };
                let asked = connection.store().requested(Timestamp::now() - SLOW_START).await?;
                steps.push(synchronize(&status, connection.runs(&full).await?.first(), asked));
            }
            _ => steps.extend(
                [StepName::Setup, StepName::Verify, StepName::Cardinality, StepName::Synchronize]
                    .map(|name| Step::new(name, StepState::Blocked)),
            ),
        }
        let mut holds = true;
        for step in &mut steps {
            // What was done once stays done to see; what failed below something that does not hold says nothing.
            if !holds && !matches!(step.state, StepState::Running | StepState::Done) {
                *step = Step::new(step.name, StepState::Blocked);
            }
            holds &= step.state == StepState::Done;
        }
        Ok(Self { complete: holds, steps })
    }

    /// A step of it.
    pub fn step(&self, name: StepName) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

/// A time as it is said in a sentence.
fn told(at: Timestamp) -> String {
    format!("on {}", at.strftime("%Y-%m-%d at %H:%M:%S UTC"))
}

fn save(member: &Member) -> Step {
    let step = Step::new(StepName::Save, StepState::Done);
    let step = match (member.keeper(), member.saved()) {
        (Keeper::Console, Some(saved)) => step.seen(format!("Saved here {}", told(saved.at))),
        _ => step.seen(format!("From the configuration file {}", member.config_file().display())),
    };
    match member.settings() {
        Ok(settings) => {
            let step = step.seen(format!("Okta org {}", settings.okta.org_url));
            match &settings.hook {
                Some(hook) => step.seen(format!("Okta delivers to {}", hook.url)),
                None => step.seen("Without an event hook: changes come from the System Log"),
            }
        }
        Err(broken) => step.failed(broken.reason.clone(), broken.hint.clone()),
    }
}

/// What is known of schema, mapping and hook, by whatever looked last.
fn found(member: &Member) -> Option<(StructureReport, Option<HookReport>)> {
    match (member.setup(), member.verified()) {
        (_, JobState::Done { result: VerifyReport { structure, hook, .. }, .. }) => Some((structure, hook)),
        (JobState::Done { result, .. }, _) => Some((result.structure, result.hook)),
        _ => None,
    }
}

fn setup(member: &Member, settings: &ConnectionConfig) -> Step {
    let name = StepName::Setup;
    match member.setup() {
        JobState::Running { since, doing } => return Step::running(name, since, &doing),
        JobState::Failed { reason, hint, .. } => {
            return Step::new(name, StepState::Failed).failed(reason, hint);
        }
        _ => {}
    }
    let Some((structure, hook)) = found(member) else {
        return match member.verified() {
            JobState::Running { since, doing } => Step::running(name, since, &doing),
            JobState::Failed { reason, hint, .. } => Step::new(name, StepState::Ready).failed(reason, hint),
            _ => Step::new(name, StepState::Ready)
                .seen("Creates the object schema and mapping in Assets from the schemas of the org")
                .seen(match settings.hook {
                    Some(_) => "Creates the event hook in Okta",
                    None => "Creates no event hook: none is wanted",
                }),
        };
    };
    let hook_is_missing = hook.as_ref().is_some_and(|hook| hook.id.is_none());
    match structure.state {
        StructureState::Missing => {
            Step::new(name, StepState::Ready).seen("The import source has no schema and mapping yet")
        }
        StructureState::Outdated => Step::new(name, StepState::Ready)
            .seen(format!("Assets lacks {}", structure.added_attributes.join(", "))),
        _ if hook_is_missing => {
            Step::new(name, StepState::Ready).seen("Okta has no event hook for this connection yet")
        }
        StructureState::Created | StructureState::Extended | StructureState::Current => {
            let types = structure.kept_types.max(structure.added_types.len());
            let attributes = structure.kept_attributes + structure.added_attributes.len();
            let step = Step::new(name, StepState::Done).seen(format!(
                "{types} object types with {attributes} attributes in Assets, mapping {}",
                structure.version
            ));
            match hook {
                Some(hook) => step.seen(match hook.changes.as_slice() {
                    [] => format!("Event hook to {}", hook.uri),
                    changes => format!("Event hook to {}: {}", hook.uri, changes.join(", ")),
                }),
                None => step,
            }
        }
    }
}

fn verify(member: &Member) -> Step {
    let name = StepName::Verify;
    match member.verified() {
        JobState::Idle => Step::new(name, StepState::Ready)
            .seen("Looks whether schema, mapping and event hook are as they should be"),
        JobState::Running { since, doing } => Step::running(name, since, &doing),
        JobState::Failed { reason, hint, .. } => Step::new(name, StepState::Failed).failed(reason, hint),
        JobState::Done { result, ended, .. } => {
            let step = Step::new(name, StepState::Done).seen(format!("Looked at {}", told(ended)));
            let limited = |problem: &str| {
                result.structure.limited.iter().any(|place| problem.starts_with(&format!("{place} takes ")))
            };
            let problems = result.problems.iter().filter(|problem| !limited(problem));
            let step = problems.fold(step, |step, problem| match problem.split_once("; ") {
                // What a person made otherwise in Assets stays as it is, and nothing waits for it.
                _ if result.structure.drift.contains(problem) => step.seen(format!("To know of: {problem}")),
                Some((what, remedy)) => step.failed(what, Some(remedy.to_owned())),
                None => step.failed(problem, None),
            });
            // What is limited has a step of its own.
            let lost = result.structure.withheld.iter();
            let lost = lost.filter(|field| !matches!(field.reason, WithheldReason::Cardinality { .. }));
            let step = lost.fold(step, |step, field| {
                step.failed(field.to_string(), Some("correct the attribute in Assets".to_owned()))
            });
            match result.hook {
                Some(hook) if step.state == StepState::Done => step.seen(format!(
                    "Event hook to {}: active, verified, subscribed to what is needed",
                    hook.uri
                )),
                None if step.state == StepState::Done => {
                    step.seen("No event hook is wanted; schema and mapping are as they should be")
                }
                _ => step,
            }
        }
    }
}

fn cardinality(member: &Member) -> Step {
    let step = Step::new(StepName::Cardinality, StepState::Done);
    let found = found(member).filter(|(structure, _)| structure.state != StructureState::Missing);
    let Some((structure, _)) = found else {
        return Step::new(StepName::Cardinality, StepState::Blocked);
    };
    if structure.limited.is_empty() {
        let step = step.seen("References take any number of values");
        return match structure.corrected.as_slice() {
            [] => step,
            corrected => step.seen(format!("Set to unlimited with the account: {}", corrected.join(", "))),
        };
    }
    structure.limited.iter().fold(step, |step, place| {
        let prefix = format!("{place} takes ");
        let told = structure.drift.iter().find(|drift| drift.starts_with(&prefix));
        let told = told.map_or(place.as_str(), String::as_str);
        match told.split_once("; ") {
            Some((what, remedy)) => step.failed(what, Some(remedy.to_owned())),
            None => step.failed(told, None),
        }
    })
}

fn synchronize(status: &ConnectionStatus, last: Option<&RunSummary>, asked: Option<Timestamp>) -> Step {
    let name = StepName::Synchronize;
    if let Some(run) = last.filter(|run| run.ended.is_none()) {
        return Step::running(name, run.started, "Loading users, groups and memberships");
    }
    if let Some(asked) = asked.filter(|_| status.paused.is_none()) {
        return Step::running(name, asked, "Asked for; it begins once what runs now has ended");
    }
    let Some(at) = status.last_full_sync else {
        let step = Step::new(name, StepState::Ready).seen("Loads every user, group and membership once");
        let failed = last.and_then(|run| run.report.as_ref()).filter(|report| report.error.is_some());
        return match failed {
            Some(report) => step.failed(report.error.clone().unwrap_or_default(), report.hint.clone()),
            None => step,
        };
    };
    let objects: Vec<String> =
        status.objects.iter().map(|(kind, census)| format!("{} {kind} objects", census.live)).collect();
    let step = Step::new(name, StepState::Done).seen(format!("Loaded {}", told(at))).seen(objects.join(", "));
    // Somebody pressed the button again since.
    match last.filter(|run| run.started > at).and_then(|run| run.report.as_ref()) {
        Some(report) if report.error.is_some() => {
            step.failed(report.error.clone().unwrap_or_default(), report.hint.clone())
        }
        _ => step,
    }
}
