//! From an object of Okta to a record.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use okta_client::model::{Group, Profile, User};
use serde_json::Value;
use sync_model::{GroupId, ObjectKind, Record, RecordKey, Reference};

use crate::value::{empty, fit, moment};
use crate::{ManagerBy, MappedAttribute, Mapping, Source, status};

/// A value that did not fit. The value itself is personal data and not in here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ValueProblem {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The attribute's name in Okta.
    pub attribute: String,
    /// What was wrong, and what was done about it.
    pub rule: &'static str,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attribute \"{}\": a value {}", self.kind, self.attribute, self.rule)
    }
}

/// A record, and what there is to say about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Mapped {
    /// The record.
    pub record: Record,
    /// Values that did not fit.
    pub problems: Vec<ValueProblem>,
    /// Attributes with a value that the schemas do not define: they have grown.
    pub unmapped: Vec<String>,
}

/// What the attributes of both kinds are read from.
struct Object<'o> {
    kind: ObjectKind,
    id: &'o str,
    profile: &'o Profile,
    created: Option<Timestamp>,
    last_updated: Option<Timestamp>,
}

impl Mapping {
    /// The record of a user, without its groups.
    pub fn user(&self, user: &User) -> Mapped {
        let object = Object {
            kind: ObjectKind::User,
            id: &user.id,
            profile: &user.profile,
            created: user.created,
            last_updated: user.last_updated,
        };
        let status = status::of(&user.status);
        let mut mapped = self.map(&object, |source| match source {
            Source::Status => Some(status.unwrap_or(status::OTHER).into()),
            Source::UserType => {
                let id = &user.user_type.as_ref()?.id;
                Some(self.user_types.get(id).unwrap_or(id).as_str().into())
            }
            Source::LastLogin => user.last_login.map(moment),
            Source::Groups => Some(Value::Array(Vec::new())),
            Source::Manager => Some(user.profile.text(&self.options.manager.attribute)?.into()),
            _ => None,
        });
        if status.is_none() {
            mapped.problems.push(ValueProblem {
                kind: ObjectKind::User,
                attribute: "status".into(),
                rule: "is not known to this version; shown as \"Okta Other\"",
            });
        }
        let name = match self.options.manager.by {
            ManagerBy::Id | ManagerBy::Off => None,
            ManagerBy::Login => user.profile.text("login"),
            ManagerBy::Email => user.profile.text("email"),
            ManagerBy::EmployeeNumber => user.profile.text("employeeNumber"),
        };
        if let Some(name) = name {
            name.clone_into(&mut mapped.record.answers_to);
        }
        mapped.record.references = self.manager_of(&mapped.record).into_iter().collect();
        mapped
    }

    /// The record of a group.
    pub fn group(&self, group: &Group) -> Mapped {
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

    /// A user's record with its groups, in whatever order and however often they are given.
    #[must_use]
    pub fn with_groups(&self, mut user: Record, groups: &[GroupId]) -> Record {
        let mut ids: Vec<&str> = groups.iter().map(GroupId::as_str).collect();
        ids.sort_unstable();
        ids.dedup();
        let manager = self.manager_of(&user);
        user.references = ids
            .iter()
            .map(|id| Reference { kind: ObjectKind::Group, value: (*id).to_owned() })
            .chain(manager)
            .collect();
        if let Some(attribute) = self.user.iter().find(|a| a.source == Source::Groups) {
            user.fields.insert(attribute.locator.clone(), ids.into());
        }
        user
    }

    /// What Assets should hold of an object that no longer exists: its last values, marked, and member of nothing.
    #[must_use]
    pub fn retire(&self, last: &Record) -> Record {
        let fields = self
            .attributes(last.key.kind)
            .iter()
            .map(|attribute| {
                let value = match attribute.source {
                    Source::Status => status::DELETED.into(),
                    Source::Groups => Value::Array(Vec::new()),
                    _ => last.fields.get(&attribute.locator).cloned().unwrap_or_else(empty),
                };
                (attribute.locator.clone(), value)
            })
            .collect();
        let mut record = Record { fields, references: Vec::new(), ..last.clone() };
        record.references = self.manager_of(&record).into_iter().collect();
        record
    }

    fn map(&self, object: &Object<'_>, own: impl Fn(&Source) -> Option<Value>) -> Mapped {
        let mut fields = BTreeMap::new();
        let mut problems = Vec::new();
        for attribute in self.attributes(object.kind) {
            let value = match &attribute.source {
                Source::Id => object.id.into(),
                Source::Created => object.created.map_or_else(empty, moment),
                Source::LastUpdated => object.last_updated.map_or_else(empty, moment),
                Source::Profile(name) => {
                    let (value, rule) =
                        fit(object.profile.get(name), &attribute.kind, &self.options.separator);
                    problems.extend(rule.map(|rule| ValueProblem {
                        kind: object.kind,
                        attribute: name.clone(),
                        rule,
                    }));
                    value
                }
                source => own(source).unwrap_or_else(empty),
            };
            fields.insert(attribute.locator.clone(), value);
        }
        let known = self.known.get(&object.kind);
        let unmapped = object
            .profile
            .iter()
            .map(|(name, _)| name)
            .filter(|name| known.is_some_and(|known| !known.contains(*name)))
            .map(str::to_owned)
            .collect();
        let record = Record {
            key: RecordKey { kind: object.kind, id: object.id.to_owned() },
            fields,
            answers_to: object.id.to_owned(),
            references: Vec::new(),
        };
        Mapped { record, problems, unmapped }
    }

    fn manager_of(&self, user: &Record) -> Option<Reference> {
        let is_manager = |attribute: &&MappedAttribute| attribute.source == Source::Manager;
        let attribute = self.attributes(user.key.kind).iter().find(is_manager)?;
        let value = user.fields.get(&attribute.locator)?.as_str().filter(|value| !value.is_empty())?;
        Some(Reference { kind: ObjectKind::User, value: value.to_owned() })
    }
}
