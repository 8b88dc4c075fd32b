//! The rules of the fakes' records.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use sync_model::{GroupId, ObjectKind, Record, Reference, ReferenceForm, RetireReason, UserId};

use crate::domain::directory::DirectoryObject;
use crate::ports::mapping_rules::{MappingRules, TestFields};
use crate::testing::samples;

/// Rules for records with the fields of [`samples::user`](super::samples::user) and
/// [`samples::group`](super::samples::group). Everything is in scope.
#[derive(Debug, Clone, Copy, Default)]
pub struct FakeRules;

impl MappingRules for FakeRules {
    fn is_implied(&self, _: &GroupId) -> bool {
        false
    }

    fn join(&self, mut user: DirectoryObject, groups: &[GroupId]) -> DirectoryObject {
        let groups: BTreeSet<&str> = groups.iter().map(GroupId::as_str).collect();
        user.record.fields.insert("groups".to_owned(), groups.iter().copied().collect::<Value>());
        let reference = |id: &&str| Reference { kind: ObjectKind::Group, reference_key: (*id).to_owned() };
        user.record.references = groups.iter().map(reference).collect();
        user
    }

    fn retire(&self, last: &Record, departure: RetireReason) -> Record {
        let mut record = last.clone();
        record.references.clear();
        record.fields.insert("groups".to_owned(), json!([]));
        let word = match departure {
            RetireReason::Deleted => "deleted",
            RetireReason::OutOfScope => "out_of_scope",
        };
        record.fields.insert("status".to_owned(), json!(word));
        record
    }

    fn label(&self, kind: ObjectKind) -> Option<&str> {
        match kind {
            ObjectKind::User => Some("login"),
            ObjectKind::Group => Some("name"),
            ObjectKind::Membership => None,
        }
    }

    fn scope_version(&self) -> &'static str {
        ""
    }

    fn may_include(&self, _: &GroupId) -> bool {
        false
    }

    fn reference_form(&self) -> ReferenceForm {
        ReferenceForm::EachValue
    }

    fn test_group(&self, group: &GroupId) -> Record {
        samples::group(group.as_str())
    }

    fn test_user(&self, user: &UserId, groups: &[GroupId], text: &str) -> Record {
        let groups: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
        let mut record = samples::user(user.as_str(), user.as_str(), &groups);
        record.fields.insert("text".to_owned(), json!(text));
        record
    }

    fn test_fields(&self) -> TestFields {
        TestFields {
            groups: Some("groups".to_owned()),
            text: Some("text".to_owned()),
            ..TestFields::default()
        }
    }
}
