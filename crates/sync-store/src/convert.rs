//! Between our words and the columns.

use jiff::Timestamp;
use serde_json::{Value, json};
use sync_engine::{StoreError, Subject};
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

/// The `kind` column of a look at everything.
const DIRECTORY: &str = "directory";

pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond()
}

pub(crate) fn timestamp(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|e| StoreError::new("read a time", e))
}

pub(crate) fn kind(word: &str) -> Result<ObjectKind, StoreError> {
    word.parse().map_err(|e: sync_model::UnknownObjectKind| StoreError::new("read a kind", e))
}

/// Keys as one JSON parameter, for `json_each`.
pub(crate) fn keys_json<'a>(keys: impl IntoIterator<Item = &'a RecordKey>) -> String {
    let keys: Vec<Value> = keys.into_iter().map(|key| json!([key.kind.as_str(), key.id])).collect();
    Value::Array(keys).to_string()
}

/// The `kind` and `id` columns of what is to be looked at.
pub(crate) fn subject_columns(subject: &Subject) -> (&'static str, &str) {
    match subject {
        Subject::User(id) => (ObjectKind::User.as_str(), id.as_str()),
        Subject::Group(id) => (ObjectKind::Group.as_str(), id.as_str()),
        Subject::Directory => (DIRECTORY, ""),
    }
}

pub(crate) fn subject(kind: &str, id: String) -> Result<Subject, StoreError> {
    match kind {
        "user" => Ok(Subject::User(UserId::new(id))),
        "group" => Ok(Subject::Group(GroupId::new(id))),
        DIRECTORY => Ok(Subject::Directory),
        other => Err(StoreError::new("read what to look at", format!("unknown kind \"{other}\""))),
    }
}
