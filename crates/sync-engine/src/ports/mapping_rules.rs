//! The rules that records are built by.

use sync_model::{GroupId, ObjectKind, Record, RetireReason};

use crate::domain::directory::DirectoryObject;

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
}
