//! From an object of Okta to a record.

use std::collections::BTreeMap;

use jiff::Timestamp;
use okta_client::model::{Group, Profile, User, UserStatus};
use serde_json::Value;
use sync_model::{
    Alias, AliasReference, ObjectKind, Record, RecordKey, Reference, RetireReason, ValueProblem,
};

use crate::attribute::{MappedAttribute, Source};
use crate::mapping::Mapping;
use crate::options::ManagerMatch;
use crate::status;
use crate::value::{Rule, as_one_text, as_text, empty, fit, moment};

/// A record, and the problems of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct MappedRecord {
    /// The record.
    pub record: Record,
    /// Values that don't match the type of their attribute.
    pub problems: Vec<ValueProblem>,
    /// Attributes with a value that the schemas do not define: they have grown.
    pub unmapped: Vec<String>,
}

/// The input for the attributes of both kinds.
struct Object<'o> {
    kind: ObjectKind,
    id: &'o str,
    profile: &'o Profile,
    created: Option<Timestamp>,
    last_updated: Option<Timestamp>,
}

impl Mapping {
    /// The record of a user, member of nothing yet.
    pub fn user(&self, user: &User) -> MappedRecord {
        let object = Object {
            kind: ObjectKind::User,
            id: &user.id,
            profile: &user.profile,
            created: user.created,
            last_updated: user.last_updated,
        };
        let status = status::of(&user.status);
        let (manager, rule) = self.manager_id(user);
        let mut mapped = self.map(&object, |source| match source {
            Source::Status => Some(status.unwrap_or(status::OTHER).into()),
            Source::UserType => Some((*self.user_type_names(user).first()?).into()),
            Source::LastLogin => user.last_login.map(moment),
            Source::Manager => Some(manager.clone()),
            _ => None,
        });
        if status.is_none() {
            mapped.problems.push(ValueProblem {
                kind: ObjectKind::User,
                attribute: "status".into(),
                problem: Rule::UnknownStatus,
            });
        }
        let misnamed = rule.map(|rule| ValueProblem {
            kind: ObjectKind::User,
            attribute: self.options().manager.attribute.clone(),
            problem: rule,
        });
        mapped.problems.extend(misnamed.filter(|problem| !mapped.problems.contains(problem)));
        mapped.record.alias = self.alias(user);
        mapped.record.alias_reference = self.manager_by_alias(user);
        mapped.record.references = self.manager_of(&mapped.record).into_iter().collect();
        mapped
    }

    /// The record of a group, without members yet.
    pub fn group(&self, group: &Group) -> MappedRecord {
        let object = Object {
            kind: ObjectKind::Group,
            id: &group.id,
            profile: &group.profile,
            created: group.created,
            last_updated: group.last_updated,
        };
        self.map(&object, |source| match source {
            Source::Status => Some(status::ACTIVE.into()),
            Source::GroupType => Some(group.kind.as_str().into()),
            Source::SourceApp => Some(group.source_app_id()?.into()),
            _ => None,
        })
    }

    /// The record of a retired object: its last values, marked, with no groups and no members. An ended membership
    /// still names its user and group.
    #[must_use]
    pub fn retire(&self, last: &Record, departure: RetireReason) -> Record {
        let fields = self
            .attributes(last.key.kind)
            .iter()
            .map(|attribute| {
                let value = match attribute.source {
                    Source::Status => status::of_departure(departure).into(),
                    Source::Groups | Source::Members => Value::Array(Vec::new()),
                    _ => {
                        last.fields.get(&attribute.locator).cloned().unwrap_or_else(|| empty(attribute.many))
                    }
                };
                (attribute.locator.clone(), value)
            })
            .collect();
        let mut record =
            Record { fields, references: Vec::new(), alias: None, alias_reference: None, ..last.clone() };
        record.references = match record.key.kind {
            // It still shows the former memberships.
            ObjectKind::Membership => last.references.clone(),
            ObjectKind::User | ObjectKind::Group => self.manager_of(&record).into_iter().collect(),
        };
        record
    }

    fn map(&self, object: &Object<'_>, own: impl Fn(&Source) -> Option<Value>) -> MappedRecord {
        let mut fields = BTreeMap::new();
        let mut problems = Vec::new();
        let label = self.label(object.kind);
        // Assets skips an object without a label.
        let is_label = |attribute: &MappedAttribute| label.is_some_and(|l| std::ptr::eq(l, attribute));
        for attribute in self.attributes(object.kind) {
            let value = match &attribute.source {
                Source::Id => object.id.into(),
                Source::Created => object.created.map_or_else(|| empty(false), moment),
                Source::LastUpdated => object.last_updated.map_or_else(|| empty(false), moment),
                Source::Profile(name) => {
                    let (mut value, mut rule) =
                        fit(object.profile.get(name), attribute, &self.options().array_separator);
                    if is_label(attribute) && value.as_str().is_none_or(|text| text.trim().is_empty()) {
                        value = object.id.into();
                        rule = Some(Rule::EmptyLabel);
                    }
                    problems.extend(rule.map(|rule| ValueProblem {
                        kind: object.kind,
                        attribute: name.clone(),
                        problem: rule,
                    }));
                    value
                }
                // Names of user types also come from the org.
                source => fit(own(source).as_ref(), attribute, &self.options().array_separator).0,
            };
            fields.insert(attribute.locator.clone(), value);
        }
        let known = self.known.get(&object.kind);
        let unmapped: Vec<String> = object
            .profile
            .iter()
            .map(|(name, _)| name)
            .filter(|name| known.is_some_and(|known| !known.contains(*name)))
            .map(str::to_owned)
            .collect();
        let choices =
            if object.kind == ObjectKind::User { &self.options().user } else { &self.options().group };
        let outside = unmapped.iter().filter(|name| choices.wants(name)).map(|name| ValueProblem {
            kind: object.kind,
            attribute: name.clone(),
            problem: Rule::OutsideSchema,
        });
        problems.extend(outside);
        let record = Record {
            key: RecordKey { kind: object.kind, id: object.id.to_owned() },
            fields,
            reference_key: object.id.to_owned(),
            references: Vec::new(),
            alias: None,
            alias_reference: None,
        };
        MappedRecord { record, problems, unmapped }
    }

    /// The ID of a user's manager, if its profile contains it.
    fn manager_id(&self, user: &User) -> (Value, Option<Rule>) {
        let manager = &self.options().manager;
        let id = self.attributes(ObjectKind::User).iter().find(|a| a.source == Source::Id);
        let Some(attribute) = id.filter(|_| manager.match_by == ManagerMatch::Id) else {
            return (empty(false), None);
        };
        let (value, rule) =
            fit(user.profile.get(&manager.attribute), attribute, &self.options().array_separator);
        (as_one_text(&value).trim().into(), rule)
    }

    /// The value by which other users may name this one as their manager.
    fn alias(&self, user: &User) -> Option<Alias> {
        let value = self.folded(user, self.options().manager.match_by.profile()?)?;
        Some(Alias { value, yields: user.status == UserStatus::Deprovisioned })
    }

    /// A user's manager, where its profile names it by another value than the id.
    fn manager_by_alias(&self, user: &User) -> Option<AliasReference> {
        let manager = &self.options().manager;
        manager.match_by.profile()?;
        let field = self.attributes(ObjectKind::User).iter().find(|a| a.source == Source::Manager)?;
        let alias = self.folded(user, &manager.attribute)?;
        Some(AliasReference { field: field.locator.clone(), kind: ObjectKind::User, alias, id: None })
    }

    fn folded(&self, user: &User, attribute: &str) -> Option<String> {
        Alias::fold(&as_text(user.profile.get(attribute)?, &self.options().array_separator))
    }

    pub(crate) fn manager_of(&self, user: &Record) -> Option<Reference> {
        let is_manager = |attribute: &&MappedAttribute| attribute.source == Source::Manager;
        let attribute = self.attributes(user.key.kind).iter().find(is_manager)?;
        let value = user.fields.get(&attribute.locator)?.as_str().filter(|value| !value.is_empty())?;
        Some(Reference { kind: ObjectKind::User, reference_key: value.to_owned() })
    }
}
