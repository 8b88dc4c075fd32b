//! The place where a mapping stores memberships: on users, on groups, or as objects.

use std::collections::{BTreeSet, HashMap};

use serde_json::Value;

use super::held::{Held, end, held};
use crate::control::ControlClient;

/// Groups by user.
pub(super) type Groups = HashMap<String, BTreeSet<String>>;

/// Found in the schema and mapping by which object type refers to which.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Memberships {
    /// An attribute of the user type refers to groups.
    OnUser(String),
    /// An attribute of the group type refers to users.
    OnGroup(String),
    /// An object type of memberships refers to one user and one group.
    Objects { object_type: String, user: String, group: String },
    /// The mapping contains none.
    Nowhere,
}

impl Memberships {
    pub(super) fn of(document: &Value) -> Self {
        let mut types = Vec::new();
        flatten(&document["schema"]["objectSchema"]["objectTypes"], &mut types);
        let named = |end: &str| types.iter().find(|t| text(&t["externalId"]).ends_with(end)).copied();
        let (Some(user), Some(group)) = (named("/type/user"), named("/type/group")) else {
            return Self::Nowhere;
        };
        let (user_id, group_id) = (text(&user["externalId"]), text(&group["externalId"]));
        let own = types.iter().filter(|t| ![user_id, group_id].contains(&text(&t["externalId"])));
        for object_type in own {
            if let (Some(user), Some(group)) =
                (reference(object_type, user_id, false), reference(object_type, group_id, false))
            {
                return Self::Objects {
                    object_type: text(&object_type["externalId"]).to_owned(),
                    user,
                    group,
                };
            }
        }
        // A reference to one object is an owner or a manager.
        if let Some(attribute) = reference(user, group_id, true) {
            return Self::OnUser(attribute);
        }
        reference(group, user_id, true).map_or(Self::Nowhere, Self::OnGroup)
    }

    /// The live memberships that Assets holds.
    pub(super) async fn read(
        &self,
        control: &ControlClient,
        users: &HashMap<String, Held>,
        groups: &HashMap<String, Held>,
    ) -> Result<Groups, reqwest::Error> {
        let mut found = Groups::new();
        let mut add =
            |user: &str, group: &str| found.entry(user.to_owned()).or_default().insert(group.to_owned());
        match self {
            Self::OnUser(attribute) => {
                for (user, held) in users {
                    for group in held.references.get(attribute).into_iter().flatten() {
                        add(user, group);
                    }
                }
            }
            Self::OnGroup(attribute) => {
                for (group, held) in groups {
                    for user in held.references.get(attribute).into_iter().flatten() {
                        add(user, group);
                    }
                }
            }
            Self::Objects { object_type, user, group } => {
                for membership in held(control, object_type).await?.0.values() {
                    let one = |end: &str| membership.references.get(end).and_then(BTreeSet::first);
                    if let (Some(user), Some(group)) = (one(user), one(group)) {
                        add(user, group);
                    }
                }
            }
            Self::Nowhere => {}
        }
        Ok(found)
    }
}

/// The end of the external id of an attribute that refers to a type.
fn reference(object_type: &Value, target: &str, many: bool) -> Option<String> {
    let attributes = object_type["attributes"].as_array().into_iter().flatten();
    attributes
        .filter(|a| text(&a["referenceObjectTypeExternalId"]) == target)
        .find(|a| !many || a["maximumCardinality"].as_i64().is_some_and(|most| most != 1))
        .map(|a| end(text(&a["externalId"])))
}

fn flatten<'v>(types: &'v Value, into: &mut Vec<&'v Value>) {
    for object_type in types.as_array().into_iter().flatten() {
        into.push(object_type);
        flatten(&object_type["children"], into);
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
