//! Typical changes in an org, and their effects in Assets.

use serde_json::{Value, json};

/// A request to the control API.
pub(super) struct Step {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

/// The expected state of an object in Assets after a change.
pub(super) enum Expected {
    /// An attribute has a value; an empty value is cleared.
    Value(String, String),
    /// The user refers to a group, or no longer does.
    Member(String, bool),
    /// The user is no longer in a listed group.
    NoMember,
}

/// An object: `user` or `group`, and its Okta ID.
pub(super) type Object = (&'static str, String);

/// One change and its effects.
pub(super) struct Change {
    pub(super) name: &'static str,
    pub(super) steps: Vec<Step>,
    pub(super) expected: Vec<(Object, Expected)>,
}

fn step(method: &'static str, path: impl Into<String>, body: Value) -> Step {
    Step { method, path: path.into(), body }
}

/// The creation of a user and of a group; their IDs are known only afterward.
pub(super) fn creations(n: u64) -> (Step, Step) {
    let login = format!("live{n:04}@example.com");
    let profile = json!({ "login": login, "email": login, "firstName": "Live", "lastName": "Change",
        "department": "R&D", "city": "London" });
    (
        step("POST", "/okta/users", profile),
        step(
            "POST",
            "/okta/groups",
            json!({ "name": format!("Live {n:04}"), "description": "Created by the demo" }),
        ),
    )
}

/// The lifecycle of a user and a group after their creation.
///
/// `other` is an existing group; the user joins and leaves it in between.
pub(super) fn lifecycle(n: u64, user_id: &str, group_id: &str, other: Option<&str>) -> Vec<Change> {
    let pair = Pair { n, user_id, group_id };
    let mut changes = pair.profile_changes();
    changes.push(pair.joins("membership added"));
    changes.extend(other.into_iter().flat_map(|other| pair.visit(other)));
    changes.push(pair.group_renamed());
    changes.push(Change {
        name: "last membership removed",
        steps: vec![step("DELETE", pair.member(), Value::Null)],
        expected: vec![(pair.user(), Expected::NoMember)],
    });
    changes.push(pair.joins("membership added again"));
    changes.push(pair.attribute_added());
    changes.extend(pair.end());
    changes
}

/// A user and a group of the demo.
struct Pair<'a> {
    n: u64,
    user_id: &'a str,
    group_id: &'a str,
}

impl Pair<'_> {
    fn user(&self) -> Object {
        ("user", self.user_id.to_owned())
    }

    fn group(&self) -> Object {
        ("group", self.group_id.to_owned())
    }

    fn at_user(&self) -> String {
        format!("/okta/users/{}", self.user_id)
    }

    fn at_group(&self) -> String {
        format!("/okta/groups/{}", self.group_id)
    }

    fn member(&self) -> String {
        format!("{}/users/{}", self.at_group(), self.user_id)
    }

    fn renamed(&self) -> String {
        format!("Live {:04} renamed", self.n)
    }

    fn profile_changes(&self) -> Vec<Change> {
        let change = |name, profile, attribute: &str, expected: &str| Change {
            name,
            steps: vec![step("POST", self.at_user(), profile)],
            expected: vec![(self.user(), value(attribute, expected))],
        };
        let renamed = self.renamed();
        vec![
            change("profile changed", json!({ "department": "Finance" }), "profile/department", "Finance"),
            change(
                "custom attribute changed",
                json!({ "costCentre": renamed }),
                "profile/costCentre",
                &renamed,
            ),
            change("value cleared", json!({ "city": null }), "profile/city", ""),
        ]
    }

    fn joins(&self, name: &'static str) -> Change {
        Change {
            name,
            steps: vec![step("PUT", self.member(), Value::Null)],
            expected: vec![(self.user(), Expected::Member(self.group_id.to_owned(), true))],
        }
    }

    /// The user joins another group, and leaves it.
    fn visit(&self, other: &str) -> [Change; 2] {
        let change = |name, method, member| Change {
            name,
            steps: vec![step(method, format!("/okta/groups/{other}/users/{}", self.user_id), Value::Null)],
            expected: vec![(self.user(), Expected::Member(other.to_owned(), member))],
        };
        [
            change("second membership added", "PUT", true),
            change("one of two memberships removed", "DELETE", false),
        ]
    }

    fn group_renamed(&self) -> Change {
        let name = self.renamed();
        Change {
            name: "group renamed",
            steps: vec![step("POST", self.at_group(), json!({ "name": name }))],
            expected: vec![(self.group(), value("profile/name", &name))],
        }
    }

    fn attribute_added(&self) -> Change {
        let attribute = format!("liveAttribute{}", self.n);
        let definition = json!({ "title": format!("Live attribute {}", self.n), "type": "string" });
        Change {
            name: "attribute added to the schema and set",
            steps: vec![
                step("PUT", format!("/okta/schemas/user/{attribute}"), definition),
                step("POST", self.at_user(), json!({ attribute.clone(): "first value" })),
            ],
            expected: vec![(self.user(), value(&format!("profile/{attribute}"), "first value"))],
        }
    }

    fn end(&self) -> [Change; 3] {
        let change = |name, step, expected| Change { name, steps: vec![step], expected };
        let no_member = Expected::Member(self.group_id.to_owned(), false);
        let deactivate = step("POST", format!("{}/lifecycle/deactivate", self.at_user()), Value::Null);
        [
            change(
                "group deleted",
                step("DELETE", self.at_group(), Value::Null),
                vec![(self.group(), value("status", "Okta Deleted")), (self.user(), no_member)],
            ),
            change(
                "user deactivated",
                deactivate,
                vec![(self.user(), value("status", "Okta Deprovisioned"))],
            ),
            change(
                "user deleted",
                step("DELETE", self.at_user(), Value::Null),
                vec![(self.user(), value("status", "Okta Deleted"))],
            ),
        ]
    }
}

fn value(attribute: &str, expected: &str) -> Expected {
    Expected::Value(attribute.to_owned(), expected.to_owned())
}

impl Expected {
    /// True if the object has the expected state. `everyone` is the group that does not count as a membership.
    pub(super) fn holds(&self, object: &Value, everyone: &str) -> bool {
        let attribute = |end: &str| {
            let attributes = object["attributes"].as_object()?;
            attributes.iter().find(|(id, _)| id.ends_with(end)).map(|(_, values)| values)
        };
        let groups = || {
            let references = object["references"].as_object();
            let found = references.and_then(|r| r.iter().find(|(id, _)| id.ends_with("/groups")));
            found.and_then(|(_, targets)| targets.as_array()).into_iter().flatten().filter_map(Value::as_str)
        };
        match self {
            Self::Value(end, wanted) => {
                let held =
                    attribute(&format!("/{end}")).and_then(|values| values[0].as_str()).unwrap_or_default();
                object.is_object() && held == wanted
            }
            Self::Member(group, member) => object.is_object() && groups().any(|g| g == group) == *member,
            Self::NoMember => object.is_object() && groups().all(|g| g == everyone),
        }
    }
}
