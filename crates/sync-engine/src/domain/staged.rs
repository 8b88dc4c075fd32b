//! Staged changes.

use serde::{Deserialize, Serialize};
use sync_model::{Fingerprint, Record};

use crate::domain::reading::Reading;
use crate::domain::record_state::RecordState;

/// The effect of sending a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = ObjectChangeKind))]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// A new object.
    Create,
    /// Other values, or references that must be looked up again.
    Update,
    /// The object is retired.
    Retire,
}

impl ChangeKind {
    /// The word for it in stored data.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Retire => "retire",
        }
    }
}

/// A record waiting to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct StagedChange {
    /// The effect.
    pub change: ChangeKind,
    /// The record.
    pub record: Record,
    /// The fingerprint of the record.
    pub fingerprint: Fingerprint,
    /// The reading that returned it.
    pub reading: Reading,
}

impl StagedChange {
    /// A change that is staged in any case.
    pub fn new(change: ChangeKind, record: Record, reading: Reading) -> Self {
        Self { change, fingerprint: record.fingerprint(), record, reading }
    }

    /// The change of a record compared with its object's current state; `None` without one.
    pub(crate) fn of(record: Record, known: Option<&RecordState>, reading: Reading) -> Option<Self> {
        let change = if known.is_some() { ChangeKind::Update } else { ChangeKind::Create };
        let staged = Self::new(change, record, reading);
        let is_same = |known: &RecordState| !known.resend_pending && known.fingerprint == staged.fingerprint;
        if known.is_some_and(is_same) { None } else { Some(staged) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use sync_model::{ObjectKind, RecordKey};

    use super::*;

    #[test]
    fn records_are_classified_by_change() {
        let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
        let record = Record {
            key,
            fields: BTreeMap::new(),
            reference_key: "u1".into(),
            references: Vec::new(),
            alias: None,
            alias_reference: None,
        };
        let mut other = record.clone();
        other.fields.insert("login".into(), "ada".into());
        let known = RecordState { fingerprint: record.fingerprint(), retired: false, resend_pending: false };
        let reading = Reading { number: 1, at: Timestamp::UNIX_EPOCH };
        let change = |record: &Record, known: Option<RecordState>| {
            Some(StagedChange::of(record.clone(), known.as_ref(), reading)?.change)
        };
        assert_eq!(change(&record, None), Some(ChangeKind::Create));
        assert_eq!(change(&record, Some(known)), None);
        assert_eq!(change(&other, Some(known)), Some(ChangeKind::Update));
        let pending = RecordState { resend_pending: true, ..known };
        assert_eq!(change(&record, Some(pending)), Some(ChangeKind::Update));
    }
}
