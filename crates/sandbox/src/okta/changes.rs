//! What administrators do to an org, each with the events that Okta logs for it.

use serde_json::{Map, Value, json};

use super::defaults::schema_id;
use super::events::event;
use super::org::{Org, now};

/// A change that Okta would refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) &'static str);

type Changed<T> = Result<(T, Vec<Value>), Refused>;

impl Org {
    /// Creates a user. Active unless told otherwise, of the default type.
    pub(crate) fn create_user(&mut self, profile: &Value) -> Changed<Value> {
        if !profile["login"].is_string() {
            return Err(Refused("a user needs a login"));
        }
        let id = self.new_id("00u");
        let time = now();
        let default = self.user_types.iter().find(|t| t["default"] == true).or(self.user_types.first());
        let user = json!({
            "id": id, "status": "ACTIVE", "created": time, "activated": time, "statusChanged": time, "lastLogin": null,
            "lastUpdated": time, "passwordChanged": null, "type": { "id": default.map(|t| t["id"].clone()) },
            "profile": profile,
        });
        self.users.insert(id.clone(), user.clone());
        let events =
            ["user.lifecycle.create", "user.lifecycle.activate"].map(|kind| event(kind, &[("User", &id)]));
        Ok((user, events.into()))
    }

    /// Changes profile attributes; `null` clears one.
    pub(crate) fn update_user(&mut self, id: &str, changes: &Map<String, Value>) -> Changed<()> {
        let user = self.users.get_mut(id).ok_or(Refused("there is no such user"))?;
        merge(&mut user["profile"], changes);
        user["lastUpdated"] = now().into();
        Ok(((), vec![event("user.account.update_profile", &[("User", id)])]))
    }

    /// Moves a user through its life cycle: activate, deactivate, suspend, unsuspend.
    pub(crate) fn move_user(&mut self, id: &str, step: &str) -> Changed<()> {
        let (status, kind) = match step {
            "activate" => ("ACTIVE", "user.lifecycle.activate"),
            "deactivate" => ("DEPROVISIONED", "user.lifecycle.deactivate"),
            "suspend" => ("SUSPENDED", "user.lifecycle.suspend"),
            "unsuspend" => ("ACTIVE", "user.lifecycle.unsuspend"),
            _ => return Err(Refused("the steps are activate, deactivate, suspend and unsuspend")),
        };
        let user = self.users.get_mut(id).ok_or(Refused("there is no such user"))?;
        let time = now();
        user["status"] = status.into();
        user["statusChanged"] = time.clone().into();
        user["lastUpdated"] = time.into();
        Ok(((), vec![event(kind, &[("User", id)])]))
    }

    /// Deletes a user: deactivated first, then gone, without a word about its memberships.
    pub(crate) fn delete_user(&mut self, id: &str) -> Changed<()> {
        let mut events = Vec::new();
        if self.users.get(id).ok_or(Refused("there is no such user"))?["status"] != "DEPROVISIONED" {
            events.extend(self.move_user(id, "deactivate")?.1);
        }
        self.users.remove(id);
        for group in self.memberships.remove(id).unwrap_or_default() {
            if let Some(members) = self.members.get_mut(&group) {
                members.remove(id);
            }
        }
        for kind in ["user.lifecycle.delete.initiated", "user.lifecycle.delete.completed"] {
            events.push(event(kind, &[("User", id)]));
        }
        Ok(((), events))
    }

    /// Creates a group.
    pub(crate) fn create_group(&mut self, profile: &Value) -> Changed<Value> {
        if !profile["name"].is_string() {
            return Err(Refused("a group needs a name"));
        }
        let id = self.new_id("00g");
        let time = now();
        let group = json!({
            "id": id, "created": time, "lastUpdated": time, "lastMembershipUpdated": time,
            "objectClass": ["okta:user_group"], "type": "OKTA_GROUP", "profile": profile,
        });
        self.groups.insert(id.clone(), group.clone());
        Ok((group, vec![event("group.lifecycle.create", &[("UserGroup", &id)])]))
    }

    /// Changes profile attributes of a group; `null` clears one.
    pub(crate) fn update_group(&mut self, id: &str, changes: &Map<String, Value>) -> Changed<()> {
        let group = self.groups.get_mut(id).filter(|g| g["type"] != "BUILT_IN");
        let group = group.ok_or(Refused("there is no such group that can be changed"))?;
        merge(&mut group["profile"], changes);
        group["lastUpdated"] = now().into();
        Ok(((), vec![event("group.profile.update", &[("UserGroup", id)])]))
    }

    /// Deletes a group, without a word about its members.
    pub(crate) fn delete_group(&mut self, id: &str) -> Changed<()> {
        if self.groups.get(id).is_none_or(|g| g["type"] == "BUILT_IN") {
            return Err(Refused("there is no such group that can be deleted"));
        }
        self.groups.remove(id);
        for user in self.members.remove(id).unwrap_or_default() {
            if let Some(groups) = self.memberships.get_mut(&user) {
                groups.remove(id);
            }
        }
        Ok(((), vec![event("group.lifecycle.delete", &[("UserGroup", id)])]))
    }

    /// Adds a user to a group, or removes it.
    pub(crate) fn set_member(&mut self, group: &str, user: &str, member: bool) -> Changed<()> {
        if !self.users.contains_key(user) {
            return Err(Refused("there is no such user"));
        }
        if self.groups.get(group).is_none_or(|g| g["type"] == "BUILT_IN") {
            return Err(Refused("there is no such group whose members can be changed"));
        }
        let changed = if member { self.add_member(group, user) } else { self.remove_member(group, user) };
        if !changed {
            return Ok(((), Vec::new()));
        }
        if let Some(group) = self.groups.get_mut(group) {
            group["lastMembershipUpdated"] = now().into();
        }
        let kind = if member { "group.user_membership.add" } else { "group.user_membership.remove" };
        Ok(((), vec![event(kind, &[("User", user), ("UserGroup", group)])]))
    }

    /// Adds a custom attribute to the schema of the default user type, or of groups. No hook hears of it.
    pub(crate) fn add_attribute(&mut self, kind: &str, name: &str, property: &Value) -> Changed<()> {
        let schema = match kind {
            "user" => {
                let default = self.user_types.iter().find(|t| t["default"] == true);
                let id = default.map(schema_of).ok_or(Refused("there is no default user type"))?;
                self.user_schemas.get_mut(&id).ok_or(Refused("the default user type has no schema"))?
            }
            "group" => &mut self.group_schema,
            _ => return Err(Refused("the kinds are user and group")),
        };
        schema["definitions"]["custom"]["properties"][name] = property.clone();
        schema["lastUpdated"] = now().into();
        Ok(((), vec![event("directory.user_profile.update", &[])]))
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
