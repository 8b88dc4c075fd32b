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
    let user = || ("user", user_id.to_owned());
    let group = || ("group", group_id.to_owned());
    let at_user = format!("/okta/users/{user_id}");
    let at_group = format!("/okta/groups/{group_id}");
    let member = format!("{at_group}/users/{user_id}");
    let in_other = other.map(|other| (other, format!("/okta/groups/{other}/users/{user_id}")));
    let visit = |name, method, member| {
        in_other.as_ref().map(|(other, path)| Change {
            name,
            steps: vec![step(method, path, Value::Null)],
            expected: vec![(user(), Expected::Member((*other).to_owned(), member))],
        })
    };
    let attribute = format!("liveAttribute{n}");
    let renamed = format!("Live {n:04} renamed");
    let value = |end: &str, value: &str| Expected::Value(end.to_owned(), value.to_owned());
    let belongs = |member| Expected::Member(group_id.to_owned(), member);
    let change =
        |name, step, object, expected| Change { name, steps: vec![step], expected: vec![(object, expected)] };
    let profile = |changes| step("POST", &at_user, changes);
    let changes = vec![
        change(
            "profile changed",
            profile(json!({ "department": "Finance" })),
            user(),
            value("profile/department", "Finance"),
        ),
        change(
            "custom attribute changed",
            profile(json!({ "costCentre": renamed })),
            user(),
            value("profile/costCentre", &renamed),
        ),
        change("value cleared", profile(json!({ "city": null })), user(), value("profile/city", "")),
        change("membership added", step("PUT", &member, Value::Null), user(), belongs(true)),
    ];
    let visits = [
        visit("second membership added", "PUT", true),
        visit("one of two memberships removed", "DELETE", false),
    ];
    let rest = vec![
        change(
            "group renamed",
            step("POST", &at_group, json!({ "name": renamed })),
            group(),
            value("profile/name", &renamed),
        ),
        change("last membership removed", step("DELETE", &member, Value::Null), user(), Expected::NoMember),
        change("membership added again", step("PUT", &member, Value::Null), user(), belongs(true)),
        Change {
            name: "attribute added to the schema and set",
            steps: vec![
                step(
                    "PUT",
                    format!("/okta/schemas/user/{attribute}"),
                    json!({ "title": format!("Live attribute {n}"), "type": "string" }),
                ),
                profile(json!({ attribute.clone(): "first value" })),
            ],
            expected: vec![(user(), value(&format!("profile/{attribute}"), "first value"))],
        },
        Change {
            name: "group deleted",
            steps: vec![step("DELETE", &at_group, Value::Null)],
            expected: vec![(group(), value("status", "Okta Deleted")), (user(), belongs(false))],
        },
        change(
            "user deactivated",
            step("POST", format!("{at_user}/lifecycle/deactivate"), Value::Null),
            user(),
            value("status", "Okta Deprovisioned"),
        ),
        change(
            "user deleted",
            step("DELETE", &at_user, Value::Null),
            user(),
            value("status", "Okta Deleted"),
        ),
    ];
    changes.into_iter().chain(visits.into_iter().flatten()).chain(rest).collect()
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
