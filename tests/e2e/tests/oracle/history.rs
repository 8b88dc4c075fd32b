//! What happens to the org.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

/// How many changes a history has.
pub(crate) const STEPS: usize = 250;

/// The org as the history knows it: what there may be to change.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    /// Custom attributes with their types.
    attributes: Vec<(String, &'static str)>,
    /// Users with a value that Assets refuses for good.
    refused: Vec<String>,
    /// Changes that belong to one that was made.
    following: Vec<ControlCall>,
    made: usize,
}

/// A call of the control API.
#[derive(Debug)]
pub(crate) struct ControlCall {
    pub(crate) method: &'static str,
    pub(crate) path: String,
    pub(crate) body: Value,
}

impl ControlCall {
    /// The operation, without the objects that it is about.
    pub(crate) fn operation(&self) -> String {
        let is_name = |part: &&str| part.chars().all(|c| c.is_ascii_lowercase() || "_-".contains(c));
        let parts: Vec<&str> = self.path.split('/').filter(is_name).filter(|part| !part.is_empty()).collect();
        format!("org: {} {}", self.method, parts.join("/"))
    }
}

fn step(method: &'static str, path: String, body: Value) -> ControlCall {
    ControlCall { method, path, body }
}

impl Known {
    pub(crate) fn new(users: Vec<String>, groups: Vec<String>) -> Self {
        Self { users, groups, ..Self::default() }
    }

    /// The next change. Not every one is possible: the org refuses what does not fit its state.
    pub(crate) fn next(&mut self, dice: &mut StdRng) -> ControlCall {
        if let Some(step) = self.following.pop() {
            return step;
        }
        self.made += 1;
        let n = self.made;
        let user = |known: &Self, dice: &mut StdRng| known.users.choose(dice).cloned().unwrap_or_default();
        let group = |known: &Self, dice: &mut StdRng| known.groups.choose(dice).cloned().unwrap_or_default();
        match dice.random_range(0..100) {
            0..8 => step("POST", "/okta/users".into(), self.profile(n, dice)),
            8..30 => {
                let path = format!("/okta/users/{}", user(self, dice));
                let body = self.changes(n, dice);
                step("POST", path, body)
            }
            30..42 => {
                const STEPS: [&str; 8] = [
                    "activate",
                    "deactivate",
                    "suspend",
                    "unsuspend",
                    "lock",
                    "unlock",
                    "reset_password",
                    "reactivate",
                ];
                let lifecycle = STEPS.choose(dice).copied().unwrap_or("suspend");
                step("POST", format!("/okta/users/{}/lifecycle/{lifecycle}", user(self, dice)), Value::Null)
            }
            42..46 => step("DELETE", format!("/okta/users/{}", user(self, dice)), Value::Null),
            46..66 => step(
                "PUT",
                format!("/okta/groups/{}/users/{}", group(self, dice), user(self, dice)),
                Value::Null,
            ),
            66..80 => step(
                "DELETE",
                format!("/okta/groups/{}/users/{}", group(self, dice), user(self, dice)),
                Value::Null,
            ),
            80..84 => step(
                "POST",
                "/okta/groups".into(),
                json!({ "name": format!("made {n}"), "description": "by history" }),
            ),
            84..88 => {
                let description =
                    if dice.random_bool(0.3) { Value::Null } else { json!(format!("again {n}")) };
                let body = json!({ "name": format!("renamed {n}"), "description": description });
                step("POST", format!("/okta/groups/{}", group(self, dice)), body)
            }
            88..90 => step("DELETE", format!("/okta/groups/{}", group(self, dice)), Value::Null),
            90..92 => {
                let name = format!("custom{n}");
                let kind = *["string", "boolean", "integer"].choose(dice).unwrap_or(&"string");
                self.attributes.push((name.clone(), kind));
                step(
                    "PUT",
                    format!("/okta/schemas/user/{name}"),
                    json!({ "title": format!("Custom {n}"), "type": kind }),
                )
            }
            92..95 => step("POST", "/okta/import".into(), self.import(n, dice)),
            95..97 => step("POST", format!("/okta/users/{}/sign-in", user(self, dice)), Value::Null),
            97..98 if dice.random_bool(0.5) => step("DELETE", "/okta/log/cursors".into(), Value::Null),
            97..98 => step("DELETE", "/okta/tokens".into(), Value::Null),
            98..99 if dice.random_bool(0.4) => self.leave_together(dice),
            98..99 => self.refuse(n, dice),
            _ => {
                // Several at once, as when somebody is moved.
                let path = format!("/okta/users/{}", user(self, dice));
                step(
                    "POST",
                    path,
                    json!({ "title": format!("Head {n}"), "department": "R&D", "city": "Paris" }),
                )
            }
        }
    }

    /// Many users who are deleted at once: more than safeguards let through.
    fn leave_together(&mut self, dice: &mut StdRng) -> ControlCall {
        let count = (self.users.len() / 3).clamp(1, 12);
        let mut leave = self
            .users
            .sample(dice, count)
            .map(|user| step("DELETE", format!("/okta/users/{user}"), Value::Null))
            .collect::<Vec<_>>();
        // Deleted are those only who are deactivated.
        let deactivate = leave.iter().map(|step| step.path.clone() + "/lifecycle/deactivate");
        let deactivate: Vec<ControlCall> = deactivate.map(|path| step("POST", path, Value::Null)).collect();
        leave.extend(deactivate);
        self.following = leave;
        self.following.pop().unwrap_or_else(|| step("DELETE", "/okta/tokens".into(), Value::Null))
    }

    /// A value for which Assets refuses the record until it is another one.
    fn refuse(&mut self, n: usize, dice: &mut StdRng) -> ControlCall {
        let mark = *["400", "413", "422", "result"].choose(dice).unwrap_or(&"400");
        let user = self.users.choose(dice).cloned().unwrap_or_default();
        self.refused.push(user.clone());
        step("POST", format!("/okta/users/{user}"), json!({ "title": format!("refuse {mark} {n}") }))
    }

    /// The changes after which Assets takes every record again.
    pub(crate) fn mend(&mut self) -> Vec<ControlCall> {
        let users = std::mem::take(&mut self.refused);
        let mended = |user| step("POST", format!("/okta/users/{user}"), json!({ "title": "Taken" }));
        users.into_iter().map(mended).collect()
    }

    /// A user.
    pub(crate) fn any_user(&self, dice: &mut StdRng) -> String {
        self.users.choose(dice).cloned().unwrap_or_default()
    }

    /// A new attribute of users.
    pub(crate) fn grow(&mut self) -> ControlCall {
        self.made += 1;
        let name = format!("custom{}", self.made);
        self.attributes.push((name.clone(), "string"));
        let body = json!({ "title": format!("Custom {}", self.made), "type": "string" });
        step("PUT", format!("/okta/schemas/user/{name}"), body)
    }

    /// Takes note of what a step made.
    pub(crate) fn learn(&mut self, done: &ControlCall, answer: &Value) {
        let id = answer["id"].as_str().map(str::to_owned);
        match (done.method, done.path.as_str()) {
            ("POST", "/okta/users") => self.users.extend(id),
            ("POST", "/okta/groups") => self.groups.extend(id),
            _ => {}
        }
    }

    fn profile(&self, n: usize, dice: &mut StdRng) -> Value {
        let manager = if dice.random_bool(0.4) { self.users.choose(dice).cloned() } else { None };
        json!({
            "login": format!("made{n}@example.com"), "email": format!("made{n}@example.com"),
            "firstName": "Made", "lastName": format!("Number {n}"), "managerId": manager,
        })
    }

    fn changes(&self, n: usize, dice: &mut StdRng) -> Value {
        let mut changes = serde_json::Map::new();
        for _ in 0..dice.random_range(1..4) {
            let (name, value) = match dice.random_range(0..8) {
                0 => ("title", json!(format!("Title {n}"))),
                1 => ("title", Value::Null),
                2 => ("department", json!(format!("Department {n}"))),
                3 => ("department", Value::Null),
                4 => ("managerId", json!(self.users.choose(dice))),
                5 => ("managerId", Value::Null),
                6 => ("login", json!(format!("changed{n}@example.com"))),
                _ => ("city", json!("Genève ☃")),
            };
            changes.insert(name.to_owned(), value);
        }
        if let Some((name, kind)) = self.attributes.choose(dice) {
            let value = match *kind {
                _ if dice.random_bool(0.2) => Value::Null,
                "boolean" => json!(dice.random_bool(0.5)),
                "integer" => json!(n),
                _ => json!(format!("custom {n}")),
            };
            changes.insert(name.clone(), value);
        }
        Value::Object(changes)
    }

    /// What a directory brings without a single event of its own to the hook.
    fn import(&self, n: usize, dice: &mut StdRng) -> Value {
        let user = self.users.choose(dice).cloned().unwrap_or_default();
        let group = self.groups.choose(dice).cloned().unwrap_or_default();
        let other = self.users.choose(dice).cloned().unwrap_or_default();
        json!({
            "users": {
                "create": [{ "login": format!("imported{n}@example.com"), "email": format!("imported{n}@example.com"),
                    "firstName": "Imported", "lastName": format!("{n}") }],
                "update": { user: { "title": format!("Imported {n}") } },
            },
            "groups": { "create": [{ "name": format!("imported {n}") }] },
            "members": { "add": [[group, other]] },
        })
    }
}
