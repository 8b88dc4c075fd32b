//! Imports from directories: the log contains each change, and hooks receive little more than the end of the import.

use serde_json::{Map, Value, json};

use super::changes::{NewUser, Refused};
use super::events::event;
use super::org::Org;

impl Org {
    /// Runs an import: `{"users":{"create":[profile],"update":{id:changes},"deactivate":[id]},
    /// "groups":{"create":[profile],"update":{id:changes},"delete":[id]},"members":{"add":[[group,user]],"remove":[..]}}`.
    /// Returns the new IDs, and the reason of an early end; earlier changes stay.
    pub(crate) fn import(&mut self, wanted: &Value) -> (Value, Vec<Value>) {
        let mut events = vec![event("system.import.start", &[("AppInstance", APP)])];
        let (mut users, mut groups) = (Vec::new(), Vec::new());
        let outcome = self
            .import_users(&wanted["users"], &mut users, &mut events)
            .and_then(|()| self.import_groups(&wanted["groups"], &mut groups, &mut events))
            .and_then(|()| self.import_members(&wanted["members"], &mut events));
        events.push(event("system.import.complete", &[("AppInstance", APP)]));
        let refused = outcome.err().map(|refused| refused.0);
        (json!({ "users": users, "groups": groups, "refused": refused }), events)
    }

    fn import_members(&mut self, wanted: &Value, events: &mut Vec<Value>) -> Result<(), Refused> {
        for (list, member) in [("add", true), ("remove", false)] {
            for pair in array(&wanted[list]) {
                self.write_member(text(&pair[0]), text(&pair[1]), member)?;
            }
        }
        if !wanted.is_null() {
            events.push(event("system.import.group_membership.complete", &[("AppInstance", APP)]));
        }
        Ok(())
    }

    fn import_users(
        &mut self,
        wanted: &Value,
        made: &mut Vec<Value>,
        events: &mut Vec<Value>,
    ) -> Result<(), Refused> {
        for profile in array(&wanted["create"]) {
            let user = self.insert_user(profile, NewUser { active: true, user_type: None })?;
            events.push(event("system.import.user.create", &[("User", text(&user["id"]))]));
            made.push(user["id"].clone());
        }
        for (id, changes) in object(&wanted["update"]) {
            self.write_user(id, &changes.as_object().cloned().unwrap_or_default())?;
            events.push(event("system.import.user.update", &[("User", id)]));
        }
        for id in array(&wanted["deactivate"]) {
            self.set_status(text(id), "DEPROVISIONED")?;
            events.push(event("system.import.user.update_user_lifecycle_from_master", &[("User", text(id))]));
        }
        Ok(())
    }

    fn import_groups(
        &mut self,
        wanted: &Value,
        made: &mut Vec<Value>,
        events: &mut Vec<Value>,
    ) -> Result<(), Refused> {
        for profile in array(&wanted["create"]) {
            let group = self.insert_group(profile, "APP_GROUP")?;
            events.push(event("system.import.group.create", &[("UserGroup", text(&group["id"]))]));
            made.push(group["id"].clone());
        }
        for (id, changes) in object(&wanted["update"]) {
            self.write_group(id, &changes.as_object().cloned().unwrap_or_default())?;
            events.push(event("system.import.group.update", &[("UserGroup", id)]));
        }
        for id in array(&wanted["delete"]) {
            self.drop_group(text(id))?;
            events.push(event("system.import.group.delete", &[("UserGroup", text(id))]));
        }
        Ok(())
    }
}

/// The source directory of imports.
const APP: &str = "0oa00000000000000ad7";

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn object(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
