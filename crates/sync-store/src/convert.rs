//! Conversion between types and columns.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sync_engine::{Reading, StoreError, Subject};
use sync_model::{Fingerprint, GroupId, ObjectKind, Record, RecordKey, UserId};

/// The `kind` columns of work items that name no single object.
const DIRECTORY: &str = "entire_directory";
const RECENT: &str = "recent_changes";
const SCHEMA: &str = "schema";
/// The `kind` column of a work item for all members of a group.
const MEMBERS: &str = "group_members";
/// The `kind` column of a membership. Its `id` is the group's, a slash, and the user's.
const MEMBERSHIP: &str = "membership";

/// A row that is damaged, or that another version wrote.
#[derive(Debug, thiserror::Error)]
#[error("{row} is damaged, or another version wrote it")]
struct OddRow {
    /// The row, such as `the record of user 00u1`.
    row: String,
    source: StoreError,
}

/// The result of reading a row; an error names the row.
pub(crate) fn in_row<T>(
    row: impl FnOnce() -> String,
    read: impl FnOnce() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    read().map_err(|source| StoreError::new("read a row", OddRow { row: row(), source }))
}

/// The JSON that a row stores for a value.
pub(crate) fn to_json(action: &'static str, value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|e| StoreError::new(action, e))
}

/// A value that a row stores as JSON.
pub(crate) fn from_json<T: DeserializeOwned>(action: &'static str, text: &str) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|e| StoreError::new(action, e))
}

/// A count of attempts.
pub(crate) fn attempts(n: i64) -> Result<u32, StoreError> {
    u32::try_from(n).map_err(|e| StoreError::new("read a number of attempts", e))
}

/// The stored record of an object. A record of another object is an error.
pub(crate) fn record(kind_word: &str, id: &str, text: &str) -> Result<Record, StoreError> {
    const ACTION: &str = "read a record";
    let read = || {
        let record: Record = from_json(ACTION, text)?;
        if record.key.kind != kind(kind_word)? || record.key.id != id {
            return Err(StoreError::new(ACTION, format!("it is of {}", record.key)));
        }
        Ok(record)
    };
    in_row(|| format!("the record of {kind_word} {id}"), read)
}

/// Milliseconds of a time that can be read back: the last instants of the year 9999 would round up to none.
pub(crate) fn millis(time: Timestamp) -> i64 {
    time.as_millisecond().min(Timestamp::MAX.as_second() * 1000)
}

pub(crate) fn timestamp(millis: i64) -> Result<Timestamp, StoreError> {
    Timestamp::from_millisecond(millis).map_err(|e| StoreError::new("read a time", e))
}

pub(crate) fn fingerprint(bytes: &[u8]) -> Result<Fingerprint, StoreError> {
    let truncated = || StoreError::new("read a fingerprint", "it is truncated");
    Fingerprint::from_bytes(bytes).ok_or_else(truncated)
}

/// A reading, given its number and its time.
pub(crate) fn reading(number: i64, at: i64) -> Result<Reading, StoreError> {
    Ok(Reading { number, at: timestamp(at)? })
}

/// A time of a row, if the row has one; `row` names it.
pub(crate) fn time_of(row: &'static str, millis: Option<i64>) -> Result<Option<Timestamp>, StoreError> {
    in_row(|| row.to_owned(), || millis.map(timestamp).transpose())
}

pub(crate) fn kind(word: &str) -> Result<ObjectKind, StoreError> {
    let read = || word.parse().map_err(|e: sync_model::UnknownObjectKind| StoreError::new("read a kind", e));
    in_row(|| format!("a row of kind \"{word}\""), read)
}

/// Keys as one JSON parameter, for `json_each`.
pub(crate) fn keys_json<'a>(keys: impl IntoIterator<Item = &'a RecordKey>) -> String {
    let keys: Vec<Value> = keys.into_iter().map(|key| json!([key.kind.as_str(), key.id])).collect();
    Value::Array(keys).to_string()
}

/// The `kind` and `id` columns of a subject.
pub(crate) fn subject_columns(subject: &Subject) -> (&'static str, Cow<'_, str>) {
    match subject {
        Subject::User(id) => (ObjectKind::User.as_str(), id.as_str().into()),
        Subject::Group(id) => (ObjectKind::Group.as_str(), id.as_str().into()),
        Subject::GroupMembers(group) => (MEMBERS, group.as_str().into()),
        Subject::Membership { group, user } => (MEMBERSHIP, format!("{group}/{user}").into()),
        Subject::RecentChanges => (RECENT, "".into()),
        Subject::EntireDirectory => (DIRECTORY, "".into()),
        Subject::Schema => (SCHEMA, "".into()),
    }
}

pub(crate) fn subject(kind: &str, id: String) -> Result<Subject, StoreError> {
    let unknown = || StoreError::new("read a subject", format!("unknown kind \"{kind}\""));
    Ok(match kind {
        "user" => Subject::User(UserId::new(id)),
        "group" => Subject::Group(GroupId::new(id)),
        MEMBERS => Subject::GroupMembers(GroupId::new(id)),
        MEMBERSHIP => {
            let (group, user) = id.split_once('/').ok_or_else(unknown)?;
            Subject::Membership { group: GroupId::new(group), user: UserId::new(user) }
        }
        RECENT => Subject::RecentChanges,
        DIRECTORY => Subject::EntireDirectory,
        SCHEMA => Subject::Schema,
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn last_instant_is_read_back() {
        assert_eq!(timestamp(millis(Timestamp::MAX)).unwrap().as_second(), Timestamp::MAX.as_second());
        assert_eq!(millis(Timestamp::UNIX_EPOCH), 0);
    }
}
