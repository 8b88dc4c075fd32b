//! The report of a run.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{ExecutionId, ObjectKind};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::finding::remedy::Remedy;
use crate::domain::finding::subject::FindingSubject;
use crate::domain::import::Outcome;
use crate::domain::place::WithheldField;
use crate::domain::schema_report::SchemaReport;
use crate::domain::unreadable_object::UnreadableObject;
use crate::domain::values::ValueProblems;

/// The final state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Everything that had changed is confirmed.
    #[default]
    Succeeded,
    /// The importer dropped records, which are sent again, or objects of the directory could not be read.
    Partial,
    /// It ended early; nothing was half done.
    Failed,
}

impl RunState {
    /// The word for it in JSON and stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// The objects that a run couldn't read; they remain unchanged in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct UnreadableObjects {
    /// The number of items.
    pub count: u64,
    /// The first of them, at most [`RunReport::MAX_FINDINGS`].
    pub examples: Vec<UnreadableObject>,
}

impl UnreadableObjects {
    /// True if every object could be read.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// A finding for each named object, and one about the others.
    pub fn findings(&self) -> impl Iterator<Item = Finding> {
        let named = self.examples.iter().cloned().map(|object| Fact::ObjectUnreadable { object });
        let objects = self.count.saturating_sub(self.examples.len() as u64);
        let others = (objects > 0).then_some(Fact::MoreObjectsUnreadable { objects });
        named.chain(others).map(Finding::warning)
    }

    /// Keeps at most the number that is left after other objects were read by ID.
    pub(crate) fn limit_to(&mut self, left: u64) {
        self.count = self.count.min(left);
        if left == 0 {
            self.examples.clear();
        }
    }

    /// Adds an object unless it is there already.
    pub(crate) fn add(&mut self, object: UnreadableObject) {
        tracing::warn!(kind = %object.kind, id = object.id, field = object.field, error = object.error, "could not read an object");
        let is_same = |known: &UnreadableObject| {
            (known.kind, &known.id, &known.field) == (object.kind, &object.id, &object.field)
        };
        if self.examples.iter().any(is_same) {
            return;
        }
        self.count += 1;
        if self.examples.len() < RunReport::MAX_FINDINGS {
            self.examples.push(object);
        }
    }
}

/// Results of the records of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordCounts {
    /// Objects read from Okta.
    pub read: u64,
    /// Records sent to Assets.
    pub sent: u64,
    /// Created objects.
    pub created: u64,
    /// Updated objects.
    pub updated: u64,
    /// Identical objects.
    pub identical: u64,
    /// Objects that Assets dropped.
    pub rejected: u64,
}

impl RecordCounts {
    /// Adds another run's.
    pub const fn add(&mut self, other: &Self) {
        let Self { read, sent, created, updated, identical, rejected } = other;
        self.read += *read;
        self.sent += *sent;
        self.created += *created;
        self.updated += *updated;
        self.identical += *identical;
        self.rejected += *rejected;
    }
}

/// Outstanding work of this run and earlier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct Outstanding {
    /// Unconfirmed records.
    pub unconfirmed: u64,
    /// Rejected records among them: they fail even when they are sent alone.
    pub rejected: u64,
    /// The next attempt.
    pub next_attempt_at: Option<Timestamp>,
    /// Failed events.
    pub failed_events: u64,
    /// Objects whose changes a safeguard blocks.
    pub blocked: u64,
    /// Objects to resend, because their confirmation is uncertain.
    pub doubted: u64,
}

impl Outstanding {
    /// True if nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.unconfirmed == 0 && self.failed_events == 0 && self.blocked == 0 && self.doubted == 0
    }
}

/// The report of a run.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RunReport {
    /// The final state.
    pub state: RunState,
    /// Executions that were completed.
    pub executions: u64,
    /// Chunks that were sent.
    pub chunks: u64,
    /// The records, by kind.
    pub records: BTreeMap<ObjectKind, RecordCounts>,
    /// Retired objects among the records.
    #[serde(default)]
    pub retired: u64,
    /// Values that were cleared with the Atlassian account, because the import source ignores empty values.
    #[serde(default)]
    pub cleared_values: u64,
    /// Requests to Okta.
    pub okta_requests: u64,
    /// The duration in seconds.
    pub duration_seconds: f64,
    /// Attributes that were added to the object types, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// Differences in Assets that aren't corrected automatically; at most [`Self::MAX_FINDINGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub drift: Vec<Finding>,
    /// Fields whose values were withheld, because Assets would drop them.
    #[serde(default)]
    pub withheld: Vec<WithheldField>,
    /// Values that don't match the type of their attribute.
    #[serde(default, skip_serializing_if = "ValueProblems::is_empty")]
    pub value_problems: ValueProblems,
    /// Findings about records and the import; at most [`Self::MAX_FINDINGS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// The failure of a failed run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Finding>,
    /// The execution that carried the records.
    pub execution: Option<ExecutionId>,
    /// True if it resumed a checkpoint of another process.
    #[serde(default)]
    pub resumed: bool,
    /// The version of the mapping; `None` if it wasn't known yet.
    #[serde(default)]
    pub mapping_version: Option<String>,
    /// Outstanding work at the end of the run.
    #[serde(default)]
    pub outstanding: Outstanding,
    /// Objects that couldn't be read in Okta; they remain unchanged in Assets.
    #[serde(default)]
    pub unreadable: UnreadableObjects,
    /// Items of the scope that Okta doesn't have, one per line.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_choices: Vec<String>,
}

impl RunReport {
    /// The largest number of findings in a report.
    pub const MAX_FINDINGS: usize = 50;

    /// True if Assets matches Okta according to this run; the only source of exit codes.
    pub fn is_complete(&self) -> bool {
        self.state == RunState::Succeeded
            && self.outstanding.is_empty()
            && self.unreadable.is_empty()
            && self.withheld.is_empty()
    }

    /// The action that resolves the failure.
    pub fn remedy(&self) -> Option<&Remedy> {
        self.failure.as_ref().and_then(|failure| failure.remedy.as_ref())
    }

    /// Adds the outstanding work. Records that were resent and confirmed before the end of the run don't count.
    pub(crate) fn add_outstanding(&mut self, outstanding: Outstanding) {
        self.outstanding = outstanding;
        if self.unreadable.count > 0 && self.state == RunState::Succeeded {
            self.state = RunState::Partial;
        } else if self.state == RunState::Partial
            && outstanding.unconfirmed == 0
            && self.unreadable.count == 0
        {
            self.state = RunState::Succeeded;
        }
    }

    /// Everything that the run found about the data, apart from [differences of the schema](Self::drift).
    pub fn data_findings(&self) -> Vec<Finding> {
        data_findings(&self.unknown_choices, &self.findings, &self.value_problems, &self.unreadable)
    }

    /// Adds a finding unless it is there already or there are too many.
    pub(crate) fn add(&mut self, finding: Finding) {
        finding.add_to(&mut self.findings, Self::MAX_FINDINGS);
    }

    pub(crate) fn counts(&mut self, kind: ObjectKind) -> &mut RecordCounts {
        self.records.entry(kind).or_default()
    }

    pub(crate) fn add_schema(&mut self, report: &SchemaReport) {
        self.added_attributes.clone_from(&report.added_attributes);
        self.drift = report.drift.iter().take(Self::MAX_FINDINGS).cloned().collect();
    }

    /// Adds an outcome, and returns the kinds whose records are all accounted for.
    pub(crate) fn add_outcome(
        &mut self,
        outcome: &Outcome,
        sent: &BTreeMap<ObjectKind, u64>,
    ) -> Vec<ObjectKind> {
        for t in &outcome.types {
            if let Some(kind) = t.kind {
                let counts = self.counts(kind);
                counts.created += t.created;
                counts.updated += t.updated;
                counts.identical += t.identical;
            }
            let object_type = FindingSubject::ObjectType { name: t.name.clone() };
            for message in &t.messages {
                self.add(import_message(message).about(object_type.clone()));
            }
            if t.missing_deleted > 0 {
                let deleted = Finding::error(Fact::ObjectsDeleted { objects: t.missing_deleted });
                self.add(deleted.about(object_type));
            }
        }
        outcome.messages.iter().for_each(|message| self.add(import_message(message)));
        let mut confirmed = Vec::new();
        for (&kind, &sent) in sent {
            let counts = self.counts(kind);
            counts.sent += sent;
            let accounted = counts.created + counts.updated + counts.identical;
            counts.rejected = counts.rejected.max(counts.sent.saturating_sub(accounted));
            if outcome.accounts_for(kind, sent) {
                confirmed.push(kind);
            } else {
                self.state = RunState::Partial;
                let accounted = sent.saturating_sub(self.counts(kind).rejected);
                self.add(Finding::warning(Fact::RecordsUnaccounted { kind, sent, accounted }));
            }
        }
        confirmed
    }
}

fn import_message(message: &str) -> Finding {
    Finding::warning(Fact::ImportMessage { message: message.to_owned() })
}

/// The findings of a run or plan about the data.
pub(crate) fn data_findings(
    unknown_choices: &[String],
    findings: &[Finding],
    values: &ValueProblems,
    unreadable: &UnreadableObjects,
) -> Vec<Finding> {
    let mut all: Vec<Finding> = Finding::of_scope(unknown_choices).into_iter().collect();
    all.extend_from_slice(findings);
    all.extend(values.findings());
    all.extend(unreadable.findings());
    all
}
