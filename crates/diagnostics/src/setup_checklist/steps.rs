//! The state of each setup step, from known results.

use jiff::Timestamp;
use sync_config::{ConnectionConfig, ManagedBy};
use sync_engine::{
    ConditionStatus, ConditionType, Conditions, Fact, Finding, FindingCode, HookReport, Remedy, RunSummary,
    SchemaReport, SchemaState, WithheldField, WithheldReason,
};

use crate::job::JobState;
use crate::setup_checklist::detail::StepDetail;
use crate::setup_checklist::inputs::{SetupEvidence, SetupInputs};
use crate::setup_checklist::step::{SetupStep, SetupStepName, StepState};

/// The stored settings; a service that rejects a credential contradicts them.
pub(super) fn save(inputs: &SetupInputs<'_>) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Save, StepState::Complete);
    let step = match (inputs.managed_by, inputs.saved_at) {
        (ManagedBy::Console, Some(saved_at)) => step.with(StepDetail::Saved { saved_at }),
        _ => step.with(StepDetail::ManagedByFile { path: inputs.config_file.display().to_string() }),
    };
    match inputs.settings {
        Ok(settings) => {
            let step = step.with(StepDetail::OktaOrg { url: settings.okta.org_url.clone() });
            let step = match &settings.event_hook {
                Some(hook) => step.with(StepDetail::DeliversTo { url: hook.url.to_string() }),
                None => step.with(StepDetail::SystemLogOnly),
            };
            let conditions = inputs.evidence.iter().map(|evidence| &evidence.conditions);
            let problems = conditions.flat_map(Conditions::problems);
            // A failed run may be older than the credential.
            let problems = problems.filter(|(condition, _)| condition.kind != ConditionType::SyncsSucceeding);
            let problems = problems.map(|(_, finding)| finding);
            let rejected =
                problems.filter(|finding| finding.remedy.as_ref().is_some_and(Remedy::changes_credentials));
            rejected.fold(step, |step, finding| step.failing(finding.clone()))
        }
        Err(unavailable) => step.failing(unavailable.clone()),
    }
}

/// The latest report of schema, mapping, and event hook.
fn found(inputs: &SetupInputs<'_>) -> Option<(SchemaReport, Option<HookReport>)> {
    match (inputs.setup.result(), inputs.verified.result()) {
        (_, Some(verified)) => Some((verified.schema.clone(), verified.event_hook.clone())),
        (Some(setup), None) => Some((setup.schema.clone(), setup.event_hook.clone())),
        _ => None,
    }
}

/// The findings of a condition that doesn't hold.
fn contradictions(conditions: &Conditions, kind: ConditionType) -> impl Iterator<Item = &Finding> {
    let condition = conditions.get(kind).filter(|condition| condition.status == ConditionStatus::False);
    condition.into_iter().flat_map(|condition| &condition.findings)
}

/// True if the event hook worked at a check after `time`, even if it fails again now.
fn hook_worked_since(conditions: &Conditions, time: Timestamp) -> bool {
    conditions.get(ConditionType::EventHookReady).is_some_and(|condition| {
        let proof = match condition.status {
            ConditionStatus::False => condition.since,
            ConditionStatus::True | ConditionStatus::Unknown => condition.last_checked_at,
        };
        proof.is_some_and(|proof| proof > time)
    })
}

pub(super) fn setup(
    inputs: &SetupInputs<'_>,
    settings: &ConnectionConfig,
    conditions: &Conditions,
) -> SetupStep {
    let name = SetupStepName::Setup;
    match inputs.setup.clone() {
        JobState::Running { started_at, activity } => {
            return SetupStep::running(name, started_at, StepDetail::Running { activity });
        }
        JobState::Failed { finding, .. } => {
            return SetupStep::new(name, StepState::Failed).failing(finding);
        }
        _ => {}
    }
    let Some((structure, hook)) = found(inputs) else {
        return match inputs.verified.clone() {
            JobState::Running { started_at, activity } => {
                SetupStep::running(name, started_at, StepDetail::Running { activity })
            }
            JobState::Failed { finding, .. } => SetupStep::new(name, StepState::Ready).failing(finding),
            _ => {
                SetupStep::new(name, StepState::Ready).with(StepDetail::WillCreateSchema).with(match settings
                    .event_hook
                {
                    Some(_) => StepDetail::WillCreateEventHook,
                    None => StepDetail::WillCreateNoEventHook,
                })
            }
        };
    };
    let mut hook_problems = contradictions(conditions, ConditionType::EventHookReady);
    let hook_is_missing = hook.as_ref().is_some_and(|hook| hook.id.is_none())
        || hook_problems.any(|finding| finding.code() == FindingCode::EventHookMissing);
    match structure.state {
        SchemaState::Missing => SetupStep::new(name, StepState::Ready).with(StepDetail::SchemaMissing),
        SchemaState::Outdated => SetupStep::new(name, StepState::Ready)
            .with(StepDetail::AttributesMissing { attributes: structure.added_attributes }),
        _ if hook_is_missing => SetupStep::new(name, StepState::Ready).with(StepDetail::EventHookMissing),
        SchemaState::Created | SchemaState::Extended | SchemaState::Current => {
            let types = structure.existing_types.max(structure.added_types.len());
            let attributes = structure.existing_attributes + structure.added_attributes.len();
            let step = SetupStep::new(name, StepState::Complete).with(StepDetail::SchemaExists {
                object_types: types as u64,
                attributes: attributes as u64,
                mapping_version: structure.version,
            });
            match hook {
                Some(hook) => step.with(StepDetail::EventHookExists { url: hook.url, changes: hook.changes }),
                None => step,
            }
        }
    }
}

/// The last verification, and the conditions that contradict it since.
pub(super) fn verify(inputs: &SetupInputs<'_>, conditions: &Conditions) -> SetupStep {
    let name = SetupStepName::Verify;
    match inputs.verified.clone() {
        JobState::Idle => SetupStep::new(name, StepState::Ready).with(StepDetail::WillVerify),
        JobState::Running { started_at, activity } => {
            SetupStep::running(name, started_at, StepDetail::Running { activity })
        }
        JobState::Failed { finding, .. } => SetupStep::new(name, StepState::Failed).failing(finding),
        JobState::Succeeded { result, ended_at: ended, .. } => {
            let step =
                SetupStep::new(name, StepState::Complete).with(StepDetail::Verified { verified_at: ended });
            let hook_worked = hook_worked_since(conditions, ended);
            let is_resolved = |finding: &Finding| {
                hook_worked && result.event_hook.as_ref().is_some_and(|hook| hook.findings.contains(finding))
            };
            let hook = contradictions(conditions, ConditionType::EventHookReady);
            let schema = contradictions(conditions, ConditionType::SchemaReady);
            let present: Vec<&Finding> = hook.chain(schema).collect();
            // Cardinality has a step of its own, and a condition is at least as recent as the verification.
            let findings = result.findings.iter().filter(|finding| {
                finding.code() != FindingCode::CardinalityTooLow
                    && !is_resolved(finding)
                    && present.iter().all(|found| found.fact != finding.fact)
            });
            let findings = findings.chain(present.iter().copied()).cloned();
            let step = findings.fold(step, |step, finding| {
                // Other differences in Assets stay as they are, and retries may resolve a failure.
                let may_pass =
                    matches!(finding.fact, Fact::TaskFailing { .. } | Fact::DeliveriesFailed { .. });
                if finding.code().is_drift() || may_pass {
                    step.noting(finding)
                } else {
                    step.failing(finding)
                }
            });
            let withheld = result.schema.withheld.into_iter();
            let withheld =
                withheld.filter(|field| !matches!(field.reason, WithheldReason::Cardinality { .. }));
            let step = withheld
                .fold(step, |step, field| step.failing(Finding::warning(Fact::ValuesWithheld { field })));
            match result.event_hook {
                Some(hook) if step.state == StepState::Complete => {
                    step.with(StepDetail::EventHookVerified { url: hook.url })
                }
                None if step.state == StepState::Complete => step.with(StepDetail::SchemaVerified),
                _ => step,
            }
        }
    }
}

pub(super) fn cardinality(inputs: &SetupInputs<'_>, evidence: &SetupEvidence) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Cardinality, StepState::Complete);
    let found = found(inputs).filter(|(structure, _)| structure.state != SchemaState::Missing);
    let Some((structure, _)) = found else {
        return SetupStep::new(SetupStepName::Cardinality, StepState::NotReady);
    };
    // Another verification, which the step offers, takes back its own findings.
    if structure.limited_attributes().next().is_some() {
        return structure.limited_attributes().cloned().fold(step, SetupStep::failing);
    }
    let is_limited = |field: &&WithheldField| matches!(field.reason, WithheldReason::Cardinality { .. });
    let withheld: Vec<&WithheldField> = evidence.withheld.iter().filter(is_limited).collect();
    if !withheld.is_empty() {
        // A later comparison contradicts the verification.
        let fields = withheld.into_iter().cloned();
        let findings = fields.map(|field| Finding::warning(Fact::ValuesWithheld { field }));
        return findings.fold(step, SetupStep::failing);
    }
    let step = step.with(StepDetail::CardinalityUnlimited);
    match structure.fixed_attributes.as_slice() {
        [] => step,
        corrected => step.with(StepDetail::CardinalityCorrected { attributes: corrected.to_vec() }),
    }
}

pub(super) fn synchronize(evidence: &SetupEvidence) -> SetupStep {
    let last = evidence.last_full_sync.as_ref();
    let name = SetupStepName::Synchronize;
    if let Some(run) = last.filter(|run| run.ended_at.is_none()) {
        return SetupStep::running(name, run.started_at, StepDetail::Syncing);
    }
    if let Some(asked) = evidence.requested_at.filter(|_| !evidence.is_paused) {
        return SetupStep::running(name, asked, StepDetail::SyncRequested);
    }
    let Some(at) = evidence.last_full_sync_at else {
        let step = SetupStep::new(name, StepState::Ready).with(StepDetail::WillSync);
        return failure(last).into_iter().fold(step, SetupStep::failing);
    };
    let current = evidence.objects.iter().map(|(kind, counts)| (*kind, counts.current)).collect();
    let step = SetupStep::new(name, StepState::Complete)
        .with(StepDetail::LastFullSync { synced_at: at })
        .with(StepDetail::Objects { current });
    // A later sync may have failed.
    failure(last.filter(|run| run.started_at > at)).into_iter().fold(step, SetupStep::failing)
}

/// The failure of a run, unless it was interrupted.
fn failure(run: Option<&RunSummary>) -> Option<Finding> {
    let failure = run.and_then(|run| run.report.as_ref()).and_then(|report| report.failure.clone());
    failure.filter(|failure| !failure.code().is_interruption())
}
