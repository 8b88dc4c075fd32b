//! The import source and the results of its executions.

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RecordKey};

/// The state of the import source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ImportSourceState {
    /// Ready to start.
    Idle,
    /// An execution is running.
    Running,
    /// Switched off by an administrator.
    Disabled,
    /// There is nothing to import into.
    MissingMapping,
    /// Something newer than this program.
    Other(String),
}

/// Results for the records of one object type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeOutcome {
    /// The kind, when the object type is one of ours.
    pub kind: Option<ObjectKind>,
    /// The object type's ID in the target; `None` if it isn't reported.
    #[serde(default)]
    pub id: Option<String>,
    /// The object type's name.
    pub name: String,
    /// The number of received entries.
    pub entries: u64,
    /// The number of created objects.
    pub created: u64,
    /// The number of updated objects.
    pub updated: u64,
    /// The number of identical objects.
    pub identical: u64,
    /// The number of objects whose references changed.
    #[serde(default)]
    pub references_updated: u64,
    /// The number of objects deleted because the import didn't contain them. It should always be zero.
    #[serde(default)]
    pub missing_deleted: u64,
    /// The importer's messages about it.
    pub messages: Vec<String>,
}

impl TypeOutcome {
    /// Entries that are neither created, updated nor identical: they were dropped.
    pub const fn unaccounted(&self) -> u64 {
        self.entries.saturating_sub(self.created + self.updated + self.identical)
    }
}

/// The outcome of an execution.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// True if the importer reports success, which alone proves nothing.
    pub ok: bool,
    /// The ID of the object schema that received the records; `None` if it isn't reported.
    #[serde(default)]
    pub object_schema: Option<String>,
    /// Results by object type.
    pub types: Vec<TypeOutcome>,
    /// The importer's messages about the execution.
    pub messages: Vec<String>,
}

impl Outcome {
    /// The importer's messages in one line; empty if there is none.
    pub fn reason(&self) -> String {
        let of_types =
            self.types.iter().flat_map(|t| t.messages.iter().map(move |m| format!("{}: {m}", t.name)));
        let said: Vec<String> = of_types.chain(self.messages.iter().cloned()).take(5).collect();
        said.join("; ")
    }

    /// The number of objects deleted because the import didn't contain them.
    pub fn missing_deleted(&self) -> u64 {
        self.types.iter().map(|t| t.missing_deleted).sum()
    }

    /// True if all of `sent` records of a kind are accounted for. A chunk that was resent because its response was lost
    /// counts twice; each identity counts once.
    pub fn accounts_for(&self, kind: ObjectKind, sent: u64) -> bool {
        let all = |t: &TypeOutcome| t.created + t.updated + t.identical == sent && t.entries >= sent;
        self.ok && (sent == 0 || self.types.iter().any(|t| t.kind == Some(kind) && all(t)))
    }
}

/// A record that the importer rejects although it is sent alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRecord {
    /// The object.
    pub key: RecordKey,
    /// The importer's own words.
    pub reason: String,
    /// True if the rest of the record is part of the execution: without the values that the importer rejects.
    pub partly_sent: bool,
}

/// The result of sending records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Submitted {
    /// The number of chunks that were accepted.
    pub chunks: u64,
    /// Records that are not part of the execution, or only in part: the importer rejects each of them alone.
    pub rejected: Vec<RejectedRecord>,
}

/// The state of an execution that this process didn't start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    /// It accepts records and can be cancelled.
    Ingesting,
    /// It works and can only be awaited.
    Processing,
    /// It ended.
    Done(Outcome),
    /// It was canceled without effect.
    Cancelled,
    /// The import source doesn't have it, for example because it is another source now. Its records may have taken
    /// effect.
    Unknown,
}

/// A value that the target keeps although the record contains none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DroppedValue {
    /// The object's key.
    pub key: RecordKey,
    /// The record's field.
    pub field: String,
    /// The attribute that it fills, in the importer's words.
    pub attribute: String,
}
