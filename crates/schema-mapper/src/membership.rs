//! Memberships in each of the three membership strategies.

use std::collections::BTreeMap;

use serde_json::Value;
use sync_model::{GroupId, ObjectKind, Record, RecordKey, Reference, UserId};

use crate::attribute::Source;
use crate::attribute_type::TEXT_LIMIT;
use crate::mapping::Mapping;
use crate::status;

impl Mapping {
    /// A user's record with its groups, sorted and without duplicates. With another strategy than
    /// [`MembershipStrategy::OnUsers`](crate::MembershipStrategy::OnUsers), the record doesn't change.
    #[must_use]
    pub fn with_groups(&self, mut user: Record, groups: &[GroupId]) -> Record {
        let manager = self.manager_of(&user);
        let groups = groups.iter().map(GroupId::as_str);
        user.references = self.put(&mut user, &Source::Groups, ObjectKind::Group, groups);
        user.references.extend(manager);
        user
    }

    /// A group's record with its members, sorted and without duplicates. With another strategy than
    /// [`MembershipStrategy::OnGroups`](crate::MembershipStrategy::OnGroups), the record doesn't change.
    #[must_use]
    pub fn with_members(&self, mut group: Record, members: &[UserId]) -> Record {
        let members = members.iter().map(UserId::as_str);
        group.references = self.put(&mut group, &Source::Members, ObjectKind::User, members);
        group
    }

    /// The key of the membership of a user in a group: the group's id, a colon, the user's id.
    pub fn membership_key(user: &UserId, group: &GroupId) -> RecordKey {
        RecordKey { kind: ObjectKind::Membership, id: format!("{group}:{user}") }
    }

    /// The record of a membership, for [`MembershipStrategy::Objects`](crate::MembershipStrategy::Objects). It is called after the
    /// labels of both; a record without one, of which only the key is known, lends its id.
    pub fn membership(&self, user: &Record, group: &Record) -> Record {
        let key =
            Self::membership_key(&UserId::new(user.key.id.as_str()), &GroupId::new(group.key.id.as_str()));
        let name: String = format!("{} in {}", self.called(user), self.called(group));
        let fields = self
            .attributes(ObjectKind::Membership)
            .iter()
            .map(|attribute| {
                let value: Value = match attribute.source {
                    Source::MembershipName => name.chars().take(TEXT_LIMIT).collect::<String>().into(),
                    Source::Status => status::ACTIVE.into(),
                    Source::MembershipGroup => group.key.id.as_str().into(),
                    Source::MembershipUser => user.key.id.as_str().into(),
                    _ => key.id.as_str().into(),
                };
                (attribute.locator.clone(), value)
            })
            .collect::<BTreeMap<_, _>>();
        Record {
            reference_key: key.id.clone(),
            key,
            fields,
            references: vec![
                Reference { kind: ObjectKind::Group, reference_key: group.key.id.clone() },
                Reference { kind: ObjectKind::User, reference_key: user.key.id.clone() },
            ],
            alias: None,
            alias_reference: None,
        }
    }

    fn called<'r>(&self, record: &'r Record) -> &'r str {
        let label = self.label(record.key.kind).and_then(|a| record.fields.get(&a.locator)?.as_str());
        label.filter(|label| !label.is_empty()).unwrap_or(&record.key.id)
    }

    /// Writes IDs into the field of a reference, and returns them as references; nothing without such a field.
    fn put<'i>(
        &self,
        record: &mut Record,
        source: &Source,
        kind: ObjectKind,
        ids: impl Iterator<Item = &'i str>,
    ) -> Vec<Reference> {
        let Some(attribute) = self.attributes(record.key.kind).iter().find(|a| a.source == *source) else {
            return Vec::new();
        };
        let mut ids: Vec<&str> = ids.collect();
        ids.sort_unstable();
        ids.dedup();
        let references = ids.iter().map(|id| Reference { kind, reference_key: (*id).to_owned() }).collect();
        record.fields.insert(attribute.locator.clone(), ids.into());
        references
    }
}
