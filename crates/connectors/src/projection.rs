//! Okta's objects as the engine reads them: through a mapping and the scope.

use std::sync::{Arc, OnceLock};

use insight_import_client::document::AttributeType;
use jiff::Timestamp;
use okta_client::model::{Group, Member, OddMember, User, UserStatus};
use schema_mapper::{MappedAttribute, MappedRecord, Mapping, Source, SyncScope, UserScope};
use sync_engine::{DirectoryObject, MappingRules, TestFields};
use sync_model::{GroupId, ObjectKind, Record, ReferenceForm, RetireReason, UserId};

/// The scope, and the group of all users once it is known.
#[derive(Debug, Clone)]
pub struct Choice {
    selection: Arc<SyncScope>,
    /// The version of the scope.
    version: Arc<str>,
    everyone: Arc<OnceLock<Option<Everyone>>>,
}

/// A mapping and the choice: the rules that records are built by.
#[derive(Debug, Clone)]
pub struct Projection {
    mapping: Arc<Mapping>,
    choice: Choice,
}

/// The group of all users.
#[derive(Debug, Clone)]
struct Everyone {
    id: GroupId,
    selected: bool,
}

impl Choice {
    /// The scope, before the group of all users is known.
    pub(crate) fn new(selection: SyncScope) -> Self {
        Self { version: selection.version().into(), selection: Arc::new(selection), everyone: Arc::default() }
    }

    /// The users that the operator chooses.
    pub(crate) fn users(&self) -> &UserScope {
        &self.selection.users
    }

    /// True if the group of all users was searched for.
    pub(crate) fn knows_everyone(&self) -> bool {
        self.everyone.get().is_some()
    }

    /// Stores the group of all users, `None` if the app can't read it.
    pub fn set_everyone_group(&self, group: Option<&Group>) {
        let everyone = group.map(|group| Everyone {
            id: GroupId::new(&group.id),
            selected: self.selection.includes_group(group),
        });
        // The group may have been known before.
        let _ = self.everyone.set(everyone);
    }

    fn everyone(&self) -> Option<&Everyone> {
        self.everyone.get().and_then(Option::as_ref)
    }

    pub fn includes_group(&self, group: &Group) -> bool {
        self.selection.includes_group(group)
    }

    /// The member of a group that a condition is about, and that holds no value of Okta's.
    pub(crate) fn odd_of_group(&self, group: &Group) -> Option<OddMember> {
        self.selection.odd_of_group(group)
    }
}

impl Projection {
    pub(crate) const fn new(mapping: Arc<Mapping>, choice: Choice) -> Self {
        Self { mapping, choice }
    }

    /// The selection, and the group of all users.
    pub const fn choice(&self) -> &Choice {
        &self.choice
    }

    /// A user as the engine reads it.
    pub fn user(&self, user: &User) -> DirectoryObject {
        // Okta does not count deactivated users among everyone.
        let implied =
            self.choice.everyone().filter(|group| group.selected && user.status != UserStatus::Deprovisioned);
        let selected = self.choice.selection.includes_user(user, &self.mapping);
        DirectoryObject {
            implied_groups: implied.map(|group| group.id.clone()).into_iter().collect(),
            ..observed(self.mapping.user(user), selected, user.last_updated)
        }
    }

    /// A group as the engine reads it.
    pub fn group(&self, group: &Group) -> DirectoryObject {
        if group.is_everyone() {
            // The group is known now and isn't requested again.
            self.choice.set_everyone_group(Some(group));
        }
        let selected = self.choice.includes_group(group);
        DirectoryObject {
            members_changed: group.last_membership_updated,
            ..observed(self.mapping.group(group), selected, group.last_updated)
        }
    }

    /// The unreadable member of a user that its record needs.
    pub fn unreadable_of_user(&self, user: &User) -> Option<OddMember> {
        let selects_types = !self.choice.selection.users.types.is_empty();
        let is_used = |source: &Source| self.mapping.maps(ObjectKind::User, source);
        let odd = user.odd.iter().find(|odd| match odd.member {
            // The time proves that a response is at least as new as an event.
            Member::LastUpdated => true,
            Member::Created => is_used(&Source::Created),
            Member::LastLogin => is_used(&Source::LastLogin),
            Member::UserType => selects_types || is_used(&Source::UserType),
            _ => false,
        });
        odd.copied().or_else(|| self.choice.selection.odd_of_user(user))
    }

    /// The unreadable member of a group that its record needs.
    pub fn unreadable_of_group(&self, group: &Group) -> Option<OddMember> {
        let is_used = |source: &Source| self.mapping.maps(ObjectKind::Group, source);
        let odd = group.odd.iter().find(|odd| match odd.member {
            Member::LastUpdated => true,
            Member::Created => is_used(&Source::Created),
            Member::Source => is_used(&Source::SourceApp),
            _ => false,
        });
        odd.copied().or_else(|| self.choice.odd_of_group(group))
    }

    /// The value of the record's label.
    pub fn name(&self, record: &Record) -> Option<String> {
        let label = self.mapping.label(record.key.kind)?;
        record.fields.get(&label.locator)?.as_str().filter(|name| !name.is_empty()).map(str::to_owned)
    }
}

impl MappingRules for Projection {
    fn is_implied(&self, group: &GroupId) -> bool {
        self.choice.everyone().is_some_and(|everyone| everyone.id == *group)
    }

    fn join(&self, user: DirectoryObject, groups: &[GroupId]) -> DirectoryObject {
        let selected = user.in_scope && self.choice.selection.includes_member_of(groups);
        DirectoryObject { record: self.mapping.with_groups(user.record, groups), in_scope: selected, ..user }
    }

    fn retire(&self, last: &Record, departure: RetireReason) -> Record {
        self.mapping.retire(last, departure)
    }

    fn label(&self, kind: ObjectKind) -> Option<&str> {
        self.mapping.label(kind).map(|label| label.locator.as_str())
    }

    fn scope_version(&self) -> &str {
        &self.choice.version
    }

    fn may_include(&self, group: &GroupId) -> bool {
        self.choice.selection.may_include(group)
    }

    fn reference_form(&self) -> ReferenceForm {
        self.mapping.reference_form()
    }

    fn test_group(&self, group: &GroupId) -> Record {
        self.mapping.test_group(group)
    }

    fn test_user(&self, user: &UserId, groups: &[GroupId], text: &str) -> Record {
        self.mapping.with_groups(self.mapping.test_user(user, text), groups)
    }

    fn test_fields(&self) -> TestFields {
        let locator = |attribute: Option<&MappedAttribute>| attribute.map(|a| a.locator.clone());
        let users = self.mapping.attributes(ObjectKind::User);
        let of = |source: &Source| locator(users.iter().find(|a| a.source == *source));
        TestFields {
            groups: of(&Source::Groups),
            status: of(&Source::Status),
            text: locator(self.mapping.test_attribute(&AttributeType::Text)),
            long_text: locator(self.mapping.test_attribute(&AttributeType::Textarea)),
            time: of(&Source::Created),
        }
    }
}

fn observed(mapped: MappedRecord, selected: bool, last_updated: Option<Timestamp>) -> DirectoryObject {
    DirectoryObject {
        record: mapped.record,
        in_scope: selected,
        last_updated,
        members_changed: None,
        unmapped: mapped.unmapped,
        problems: mapped.problems,
        implied_groups: Vec::new(),
    }
}
