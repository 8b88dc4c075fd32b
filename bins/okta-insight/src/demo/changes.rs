//! What happens in an org on an ordinary day, and how one sees it in Assets.

use serde_json::{Value, json};

/// A request to the control API.
pub(super) struct Step {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) body: Value,
}

/// How an object of Assets looks once a change has arrived.
pub(super) enum Expected {
    /// An attribute has a value; empty when it is cleared.
    Value(&'static str, String),
    /// The user refers to a group, or no longer does.
    Member(String, bool),
    /// The user is in no listed group any more.
    NoMember,
}

/// One change and its effect.
pub(super) struct Change {
    pub(super) name: &'static str,
    pub(super) step: Step,
    /// Which object to look at: `user` or `group`, and its Okta id.
    pub(super) object: (&'static str, String),
    pub(super) expected: Expected,
}

fn step(method: &'static str, path: impl Into<String>, body: Value) -> Step {
    Step { method, path: path.into(), body }
}

fn user(id: &str) -> (&'static str, String) {
    ("user", id.to_owned())
}

fn group(id: &str) -> (&'static str, String) {
    ("group", id.to_owned())
}

/// The creation of a user and of a group; their ids are known only afterwards.
pub(super) fn creations(n: u64) -> (Step, Step) {
    let login = format!("live{n:04}@example.com");
    let profile = json!({ "login": login, "email": login, "firstName": "Live", "lastName": "Change",
        "department": "R&D", "city": "London" });
    (
        step("POST", "/okta/users", profile),
        step(
            "POST",
            "/okta/groups",
            json!({ "name": format!("Live {n:04}"), "description": "Made by the demo" }),
        ),
    )
}

/// A life from the creation of a user and a group to their end.
pub(super) fn life(n: u64, user_id: &str, group_id: &str) -> Vec<Change> {
    let attribute = format!("liveAttribute{n}");
    let member = format!("/okta/groups/{group_id}/users/{user_id}");
    let at_user = format!("/okta/users/{user_id}");
    let at_group = format!("/okta/groups/{group_id}");
    let value = |name, value: &str| Expected::Value(name, value.to_owned());
    let change = |name, step, object, expected| Change { name, step, object, expected };
    vec![
        change(
            "profile changed",
            step("POST", &at_user, json!({ "department": "Finance" })),
            user(user_id),
            value("profile/department", "Finance"),
        ),
        change(
            "custom attribute changed",
            step("POST", &at_user, json!({ "costCentre": format!("CC-{n}") })),
            user(user_id),
            Expected::Value("profile/costCentre", format!("CC-{n}")),
        ),
        change(
            "value cleared",
            step("POST", &at_user, json!({ "city": null })),
            user(user_id),
            value("profile/city", ""),
        ),
        change(
            "membership added",
            step("PUT", &member, Value::Null),
            user(user_id),
            Expected::Member(group_id.to_owned(), true),
        ),
        change(
            "group renamed",
            step("POST", &at_group, json!({ "name": format!("Live {n:04} renamed") })),
            group(group_id),
            Expected::Value("profile/name", format!("Live {n:04} renamed")),
        ),
        change(
            "last membership removed",
            step("DELETE", &member, Value::Null),
            user(user_id),
            Expected::NoMember,
        ),
        change(
            "membership added again",
            step("PUT", &member, Value::Null),
            user(user_id),
            Expected::Member(group_id.to_owned(), true),
        ),
        change(
            "custom attribute added to the schema",
            step(
                "PUT",
                format!("/okta/schemas/user/{attribute}"),
                json!({ "title": format!("Live attribute {n}"), "type": "string" }),
            ),
            user(user_id),
            // Nobody has a value yet; the next change gives one.
            value("status", "Okta Active"),
        ),
        change(
            "new attribute filled in",
            step("POST", &at_user, json!({ attribute.clone(): "first value" })),
            user(user_id),
            Expected::Value(
                Box::leak(format!("profile/{attribute}").into_boxed_str()),
                "first value".to_owned(),
            ),
        ),
        change(
            "group deleted",
            step("DELETE", &at_group, Value::Null),
            group(group_id),
            value("status", "Okta Deleted"),
        ),
        change(
            "membership ended with the group",
            step("POST", &at_user, json!({ "title": "Left over" })),
            user(user_id),
            Expected::Member(group_id.to_owned(), false),
        ),
        change(
            "user deactivated",
            step("POST", format!("{at_user}/lifecycle/deactivate"), Value::Null),
            user(user_id),
            value("status", "Okta Deprovisioned"),
        ),
        change(
            "user deleted",
            step("DELETE", &at_user, Value::Null),
            user(user_id),
            value("status", "Okta Deleted"),
        ),
    ]
}

impl Expected {
    /// Whether the object looks like that. `everyone` is the group that does not count as a membership.
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
