//! Records, events, and times for tests.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use sync_model::{EventId, ObjectKind, Record, RecordKey, Reference, UserId};

use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::inbox::{NewEvent, Subject};
use crate::domain::reading::Reading;
use crate::domain::staged::{ChangeKind, StagedChange};

/// A time, this many seconds after the beginning of the test's time.
pub fn at(second: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + SignedDuration::from_secs(1_000_000 + second)
}

/// A user with a login and groups.
pub fn user(id: &str, login: &str, groups: &[&str]) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::User, id: id.into() },
        fields: BTreeMap::from([("login".into(), json!(login)), ("groups".into(), json!(groups))]),
        reference_key: id.into(),
        references: groups
            .iter()
            .map(|g| Reference { kind: ObjectKind::Group, reference_key: (*g).into() })
            .collect(),
        alias: None,
        alias_reference: None,
    }
}

/// A group.
pub fn group(id: &str) -> Record {
    Record {
        key: RecordKey { kind: ObjectKind::Group, id: id.into() },
        fields: BTreeMap::from([("name".into(), json!(id))]),
        reference_key: id.into(),
        references: Vec::new(),
        alias: None,
        alias_reference: None,
    }
}

/// A staged change of a record that was read at a second.
pub fn staged(change: ChangeKind, record: Record, second: i64) -> StagedChange {
    StagedChange::new(change, record, reading(second))
}

/// A reading under a number of its own.
pub fn reading(second: i64) -> Reading {
    Reading { number: second, at: at(second) }
}

/// An update of a profile, published at second ten.
pub fn event(id: &str, subjects: &[Subject]) -> NewEvent {
    NewEvent {
        id: EventId::new(id),
        event_type: "user.account.update_profile".into(),
        published_at: at(10),
        subjects: subjects.to_vec(),
        requires_newer_object: true,
        expect_deleted: false,
        hook_notice: None,
    }
}

/// The user `u1`.
pub fn ada() -> Subject {
    Subject::User(UserId::new("u1"))
}

/// The finding of a failed or blocked event.
pub fn failure(error: &str) -> Finding {
    Finding::error(Fact::ObjectsFailed { objects: 1, attempts: 12, error: error.to_owned() })
}
