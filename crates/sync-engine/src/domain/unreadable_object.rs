//! An object of the directory that could not be read.

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RecordKey};

/// An item of a listing that could not be read. It exists, so it never counts as deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnreadableItem {
    /// Its id, where that much can be read.
    pub id: Option<String>,
    /// The path of the invalid field; empty if it is unknown.
    pub field: String,
    /// The reason, without values.
    pub error: String,
}

/// An object that a run couldn't read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnreadableObject {
    /// The kind.
    pub kind: ObjectKind,
    /// The ID; null if it is unreadable.
    pub id: Option<String>,
    /// The unreadable part: the path of an invalid field, `members`, or `groups`; empty if it is unknown.
    pub field: String,
    /// The reason, without values.
    #[serde(default)]
    pub error: String,
}

impl UnreadableObject {
    /// The field of a group whose members couldn't be listed.
    pub const MEMBERS: &str = "members";
    /// The field of a user whose groups couldn't be listed.
    pub const GROUPS: &str = "groups";

    pub(crate) fn new(key: &RecordKey, field: &str, error: String) -> Self {
        Self { kind: key.kind, id: Some(key.id.clone()), field: field.to_owned(), error }
    }

    /// Its key; `None` if the ID is unreadable.
    pub(crate) fn key(&self) -> Option<RecordKey> {
        Some(RecordKey { kind: self.kind, id: self.id.clone()? })
    }
}
