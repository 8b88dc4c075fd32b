//! The rules that records are built by.

use sync_model::{GroupId, ObjectKind, Record, ReferenceForm, RetireReason, UserId};

use crate::domain::directory::DirectoryObject;

/// Fields of users that the self-test tries; `None` if the mapping has no such attribute.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TestFields {
    /// The field of the groups.
    pub groups: Option<String>,
    /// The field of the status.
    pub status: Option<String>,
    /// A field of text that may be empty.
    pub text: Option<String>,
    /// A field of long text.
    pub long_text: Option<String>,
    /// A field of a time.
    pub time: Option<String>,
}

/// The mapping, the scope, and the implied groups as one value. It sends no requests.
pub trait MappingRules: Send + Sync {
    /// True if the members of this group follow from the users themselves.
    fn is_implied(&self, group: &GroupId) -> bool;

    /// The user with its groups filled in, selected only if they allow it.
    fn join(&self, user: DirectoryObject, groups: &[GroupId]) -> DirectoryObject;

    /// The record of a retired object: its last values, marked.
    fn retire(&self, last: &Record, departure: RetireReason) -> Record;

    /// The field of a record that contains an object's display name; `None` if there is none.
    fn label(&self, kind: ObjectKind) -> Option<&str>;

    /// A short name of the scope, which changes with the scope. Empty if everything is in scope.
    fn scope_version(&self) -> &str;

    /// True if membership in a group can bring a user in scope.
    fn may_include(&self, group: &GroupId) -> bool;

    /// The form of several references.
    fn reference_form(&self) -> ReferenceForm;

    /// The record of a group of the self-test.
    fn test_group(&self, group: &GroupId) -> Record;

    /// The record of a user of the self-test, with a value in each field of [`TestFields`]; `text` may be empty.
    fn test_user(&self, user: &UserId, groups: &[GroupId], text: &str) -> Record;

    /// The fields of users that the self-test tries.
    fn test_fields(&self) -> TestFields;
}
