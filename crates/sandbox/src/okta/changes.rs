//! Changes to users and groups by administrators, each with the events that Okta logs for it.

use serde_json::{Map, Value, json};

use super::defaults::schema_id;
use super::events::{event, event_about};
use super::org::{Org, Touch, now};

/// A change that Okta would reject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

/// The result of a change, and its events.
pub(super) type Changed<T> = Result<(T, Vec<Value>), Refused>;

const NO_USER: Refused = Refused("there is no such user");

/// The initial state of a user, outside its profile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct NewUser<'n> {
    /// Active from the start, or staged.
    pub(crate) active: bool,
    /// The id or name of its type; the default one when there is none.
    pub(crate) user_type: Option<&'n str>,
}

/// The steps of a user's life: the status after, and the event.
const STEPS: [(&str, &str, &str); 9] = [
    ("activate", "ACTIVE", "user.lifecycle.activate"),
    ("reactivate", "PROVISIONED", "user.lifecycle.reactivate"),
    ("deactivate", "DEPROVISIONED", "user.lifecycle.deactivate"),
    ("suspend", "SUSPENDED", "user.lifecycle.suspend"),
    ("unsuspend", "ACTIVE", "user.lifecycle.unsuspend"),
    ("lock", "LOCKED_OUT", "user.account.lock"),
    ("unlock", "ACTIVE", "user.account.unlock_by_admin"),
    ("reset_password", "RECOVERY", "user.account.reset_password"),
    ("expire_password", "PASSWORD_EXPIRED", "user.account.expire_password"),
];

impl Org {
    /// Creates a user.
    pub(crate) fn create_user(&mut self, profile: &Value, new: NewUser<'_>) -> Changed<Value> {
        let user = self.insert_user(profile, new)?;
        let id = user["id"].as_str().unwrap_or_default();
        let kinds = ["user.lifecycle.create", "user.lifecycle.activate"];
        let kinds = if new.active { &kinds[..] } else { &kinds[..1] };
        let events = kinds.iter().map(|kind| event(kind, &[("User", id)])).collect();
        Ok((user, events))
    }

    pub(super) fn insert_user(&mut self, profile: &Value, new: NewUser<'_>) -> Result<Value, Refused> {
        let login = profile["login"].as_str().ok_or(Refused("a user needs a login"))?;
        if self.users.values().any(|user| user["profile"]["login"] == login) {
            return Err(Refused("the login is taken"));
        }
        let type_id = self.user_type(new.user_type)?;
        let id = self.new_id("00u");
        let time = now();
        let activated = if new.active { json!(time) } else { Value::Null };
        let user = json!({
            "id": id, "status": if new.active { "ACTIVE" } else { "STAGED" }, "created": time,
            "activated": activated, "statusChanged": time, "lastLogin": null,
            "lastUpdated": time, "passwordChanged": null, "type": { "id": type_id }, "profile": profile,
        });
        self.touched.push(Touch::User(id.clone()));
        self.users.insert(id, user.clone());
        Ok(user)
    }

    fn user_type(&self, wanted: Option<&str>) -> Result<Value, Refused> {
        let found = match wanted {
            Some(wanted) => self.user_types.iter().find(|t| t["id"] == wanted || t["name"] == wanted),
            None => self.user_types.iter().find(|t| t["default"] == true).or(self.user_types.first()),
        };
        found.map(|t| t["id"].clone()).ok_or(Refused("there is no such user type"))
    }

    /// A user that is about to change.
    fn touch_user(&mut self, id: &str) -> Result<&mut Value, Refused> {
        let user = self.users.get_mut(id).ok_or(NO_USER)?;
        self.touched.push(Touch::User(id.to_owned()));
        Ok(user)
    }

    /// Changes profile attributes, the login among them; `null` clears one.
    pub(crate) fn update_user(&mut self, id: &str, changes: &Map<String, Value>) -> Changed<()> {
        self.write_user(id, changes)?;
        let mut events = vec![event_about("user.account.update_profile", &[("User", id)], changes.keys())];
        for (attribute, kind) in [
            ("email", "user.account.update_primary_email"),
            ("secondEmail", "user.account.update_secondary_email"),
        ] {
            if changes.contains_key(attribute) {
                events.push(event(kind, &[("User", id)]));
            }
        }
        Ok(((), events))
    }

    pub(super) fn write_user(&mut self, id: &str, changes: &Map<String, Value>) -> Result<(), Refused> {
        if let Some(login) = changes.get("login") {
            let taken = |(other, user): (&String, &Value)| other != id && user["profile"]["login"] == *login;
            if !login.is_string() || self.users.iter().any(taken) {
                return Err(Refused("the login is missing or taken"));
            }
        }
        let user = self.touch_user(id)?;
        merge(&mut user["profile"], changes);
        user["lastUpdated"] = now().into();
        Ok(())
    }

    /// Moves a user through its life cycle.
    pub(crate) fn move_user(&mut self, id: &str, step: &str) -> Changed<()> {
        let (_, status, kind) = STEPS.iter().find(|(name, ..)| *name == step).ok_or(Refused(
            "the steps are activate, reactivate, deactivate, suspend, unsuspend, lock, unlock, reset_password, and \
             expire_password",
        ))?;
        self.set_status(id, status)?;
        Ok(((), vec![event(kind, &[("User", id)])]))
    }

    pub(super) fn set_status(&mut self, id: &str, status: &str) -> Result<(), Refused> {
        let user = self.touch_user(id)?;
        let time = now();
        user["status"] = status.into();
        user["statusChanged"] = time.clone().into();
        user["lastUpdated"] = time.into();
        Ok(())
    }

    /// Moves a user to another type. No hook hears of it.
    pub(crate) fn change_user_type(&mut self, id: &str, user_type: &str) -> Changed<()> {
        let type_id = self.user_type(Some(user_type))?;
        let user = self.touch_user(id)?;
        user["type"] = json!({ "id": type_id });
        user["lastUpdated"] = now().into();
        Ok(((), vec![event("user.account.update_user_type", &[("User", id)])]))
    }

    /// A user signs in: the last login moves, and nothing else does.
    pub(crate) fn sign_in(&mut self, id: &str) -> Changed<()> {
        self.touch_user(id)?["lastLogin"] = now().into();
        Ok(((), vec![event("user.session.start", &[("User", id)])]))
    }

    /// The first half of a deletion: the user is deactivated, and can still be read.
    pub(super) fn begin_deletion(&mut self, id: &str) -> Changed<()> {
        let mut events = Vec::new();
        if self.users.get(id).ok_or(NO_USER)?["status"] != "DEPROVISIONED" {
            events.extend(self.move_user(id, "deactivate")?.1);
        }
        events.push(event("user.lifecycle.delete.initiated", &[("User", id)]));
        Ok(((), events))
    }

    /// The second half: the user is deleted, without an event about its memberships.
    pub(super) fn complete_deletion(&mut self, id: &str) -> Changed<()> {
        self.touch_user(id)?;
        self.remove_user(id);
        Ok(((), vec![event("user.lifecycle.delete.completed", &[("User", id)])]))
    }

    /// Creates a group.
    pub(crate) fn create_group(&mut self, profile: &Value) -> Changed<Value> {
        let group = self.insert_group(profile, "OKTA_GROUP")?;
        let id = group["id"].as_str().unwrap_or_default();
        let events = vec![event("group.lifecycle.create", &[("UserGroup", id)])];
        Ok((group, events))
    }

    pub(super) fn insert_group(&mut self, profile: &Value, kind: &str) -> Result<Value, Refused> {
        if !profile["name"].is_string() {
            return Err(Refused("a group needs a name"));
        }
        let id = self.new_id("00g");
        let time = now();
        let group = json!({
            "id": id, "created": time, "lastUpdated": time, "lastMembershipUpdated": time,
            "objectClass": ["okta:user_group"], "type": kind, "profile": profile,
        });
        self.touched.push(Touch::Group(id.clone()));
        self.groups.insert(id, group.clone());
        Ok(group)
    }

    /// Changes profile attributes of a group; `null` clears one.
    pub(crate) fn update_group(&mut self, id: &str, changes: &Map<String, Value>) -> Changed<()> {
        self.write_group(id, changes)?;
        Ok(((), vec![event_about("group.profile.update", &[("UserGroup", id)], changes.keys())]))
    }

    pub(super) fn write_group(&mut self, id: &str, changes: &Map<String, Value>) -> Result<(), Refused> {
        let group = self.groups.get_mut(id).filter(|g| g["type"] != "BUILT_IN");
        let group = group.ok_or(Refused("there is no such group that can be changed"))?;
        merge(&mut group["profile"], changes);
        group["lastUpdated"] = now().into();
        self.touched.push(Touch::Group(id.to_owned()));
        Ok(())
    }

    /// Deletes a group, without a word about its members.
    pub(crate) fn delete_group(&mut self, id: &str) -> Changed<()> {
        self.drop_group(id)?;
        Ok(((), vec![event("group.lifecycle.delete", &[("UserGroup", id)])]))
    }

    pub(super) fn drop_group(&mut self, id: &str) -> Result<(), Refused> {
        if self.groups.get(id).is_none_or(|g| g["type"] == "BUILT_IN") {
            return Err(Refused("there is no such group that can be deleted"));
        }
        self.remove_group(id);
        self.touched.push(Touch::Group(id.to_owned()));
        Ok(())
    }

    /// Adds a user to a group, or removes it.
    pub(crate) fn set_member(&mut self, group: &str, user: &str, member: bool) -> Changed<()> {
        if !self.write_member(group, user, member)? {
            return Ok(((), Vec::new()));
        }
        let kind = if member { "group.user_membership.add" } else { "group.user_membership.remove" };
        Ok(((), vec![event(kind, &[("User", user), ("UserGroup", group)])]))
    }

    /// True if the state is new.
    pub(super) fn write_member(&mut self, group: &str, user: &str, member: bool) -> Result<bool, Refused> {
        if !self.users.contains_key(user) {
            return Err(NO_USER);
        }
        if self.groups.get(group).is_none_or(|g| g["type"] == "BUILT_IN") {
            return Err(Refused("there is no such group whose members can be changed"));
        }
        let changed = if member { self.add_member(group, user) } else { self.remove_member(group, user) };
        if changed {
            if let Some(group) = self.groups.get_mut(group) {
                group["lastMembershipUpdated"] = now().into();
            }
            self.touched.push(Touch::Group(group.to_owned()));
            self.touched.push(Touch::Member { group: group.to_owned(), user: user.to_owned() });
        }
        Ok(changed)
    }
}

/// The id of a user type's schema.
pub(super) fn schema_of(user_type: &Value) -> String {
    let id = user_type["id"].as_str().unwrap_or_default();
    user_type["schemaId"].as_str().map_or_else(|| schema_id(id), str::to_owned)
}

fn merge(profile: &mut Value, changes: &Map<String, Value>) {
    for (name, value) in changes {
        profile[name.as_str()] = value.clone();
    }
}
