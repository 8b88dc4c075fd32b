//! The state of each setup step, from known results.

use jiff::Timestamp;
use sync_engine::{
    Fact, Finding, FindingCode, HookReport, RunSummary, SchemaReport, SchemaState, VerifyReport,
    WithheldReason,
};

use super::{SetupStep, SetupStepName, StepDetail, StepState};
use crate::connections::{JobState, ManagedConnection};
use crate::{ConnectionConfig, ConnectionStatus, ManagedBy};

pub(super) fn save(member: &ManagedConnection) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Save, StepState::Complete);
    let step = match (member.managed_by(), member.saved()) {
        (ManagedBy::Console, Some(saved)) => step.with(StepDetail::Saved { saved_at: saved.saved_at }),
        _ => step.with(StepDetail::ManagedByFile { path: member.config_file().display().to_string() }),
    };
    match member.settings() {
        Ok(settings) => {
            let step = step.with(StepDetail::OktaOrg { url: settings.okta.org_url.clone() });
            match &settings.event_hook {
                Some(hook) => step.with(StepDetail::DeliversTo { url: hook.url.to_string() }),
                None => step.with(StepDetail::SystemLogOnly),
            }
        }
        Err(broken) => step.failed(broken.reason.clone(), broken.remedy.clone()),
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

pub(super) fn setup(member: &ManagedConnection, settings: &ConnectionConfig) -> SetupStep {
    let name = SetupStepName::Setup;
    match member.setup() {
        JobState::Running { started_at, activity } => {
            return SetupStep::running(name, started_at, StepDetail::Running { activity });
        }
        JobState::Failed { reason, remedy, .. } => {
            return SetupStep::new(name, StepState::Failed).failed(reason, remedy);
        }
        _ => {}
    }
    let Some((structure, hook)) = found(member) else {
        return match member.verified() {
            JobState::Running { started_at, activity } => {
                SetupStep::running(name, started_at, StepDetail::Running { activity })
            }
            JobState::Failed { reason, remedy, .. } => {
                SetupStep::new(name, StepState::Ready).failed(reason, remedy)
            }
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
    let hook_is_missing = hook.as_ref().is_some_and(|hook| hook.id.is_none());
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

pub(super) fn verify(member: &ManagedConnection) -> SetupStep {
    let name = SetupStepName::Verify;
    match member.verified() {
        JobState::Idle => SetupStep::new(name, StepState::Ready).with(StepDetail::WillVerify),
        JobState::Running { started_at, activity } => {
            SetupStep::running(name, started_at, StepDetail::Running { activity })
        }
        JobState::Failed { reason, remedy, .. } => {
            SetupStep::new(name, StepState::Failed).failed(reason, remedy)
        }
        JobState::Succeeded { result, ended_at: ended, .. } => {
            let step =
                SetupStep::new(name, StepState::Complete).with(StepDetail::Verified { verified_at: ended });
            // Cardinality has a step of its own.
            let findings = result.findings.into_iter();
            let findings = findings.filter(|finding| finding.code() != FindingCode::CardinalityTooLow);
            let step = findings.fold(step, |step, finding| {
                // Other differences in Assets stay as they are.
                if finding.code().is_drift() { step.noting(finding) } else { step.failing(finding) }
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

pub(super) fn cardinality(member: &ManagedConnection) -> SetupStep {
    let step = SetupStep::new(SetupStepName::Cardinality, StepState::Complete);
    let found = found(member).filter(|(structure, _)| structure.state != SchemaState::Missing);
    let Some((structure, _)) = found else {
        return SetupStep::new(SetupStepName::Cardinality, StepState::NotReady);
    };
    if structure.limited_attributes().next().is_some() {
        return structure.limited_attributes().cloned().fold(step, SetupStep::failing);
    }
    let step = step.with(StepDetail::CardinalityUnlimited);
    match structure.fixed_attributes.as_slice() {
        [] => step,
        corrected => step.with(StepDetail::CardinalityCorrected { attributes: corrected.to_vec() }),
    }
}

pub(super) fn synchronize(
    status: &ConnectionStatus,
    last: Option<&RunSummary>,
    asked: Option<Timestamp>,
) -> SetupStep {
    let name = SetupStepName::Synchronize;
    if let Some(run) = last.filter(|run| run.ended_at.is_none()) {
        return SetupStep::running(name, run.started_at, StepDetail::Syncing);
    }
    if let Some(asked) = asked.filter(|_| status.pause.is_none()) {
        return SetupStep::running(name, asked, StepDetail::SyncRequested);
    }
    let Some(at) = status.last_full_sync_at else {
        let step = SetupStep::new(name, StepState::Ready).with(StepDetail::WillSync);
        let failed = last.and_then(|run| run.report.as_ref()).filter(|report| report.error.is_some());
        return match failed {
            Some(report) => step.failed(report.error.clone().unwrap_or_default(), report.remedy().cloned()),
            None => step,
        };
    };
    let current = status.objects.iter().map(|(kind, counts)| (*kind, counts.current)).collect();
    let step = SetupStep::new(name, StepState::Complete)
        .with(StepDetail::LastFullSync { synced_at: at })
        .with(StepDetail::Objects { current });
    // A later sync may have failed.
    match last.filter(|run| run.started_at > at).and_then(|run| run.report.as_ref()) {
        Some(report) if report.error.is_some() => {
            step.failed(report.error.clone().unwrap_or_default(), report.remedy().cloned())
        }
        _ => step,
    }
}
