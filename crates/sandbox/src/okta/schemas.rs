//! Custom attributes are added and removed. The log contains it; hooks don't receive it.

use serde_json::Value;

use super::changes::{Changed, Refused, schema_of};
use super::events::event;
use super::org::{Org, Touch, now};

impl Org {
    /// Adds a custom attribute to the schema of the default user type, or of groups.
    pub(crate) fn add_attribute(&mut self, kind: &str, name: &str, property: &Value) -> Changed<()> {
        let schema = self.schema(kind)?;
        schema["definitions"]["custom"]["properties"][name] = property.clone();
        schema["lastUpdated"] = now().into();
        Ok(((), vec![event("directory.user_profile.update", &[])]))
    }

    /// Removes a custom attribute with its values, without changing any `lastUpdated`.
    pub(crate) fn remove_attribute(&mut self, kind: &str, name: &str) -> Changed<()> {
        let schema = self.schema(kind)?;
        let properties = schema["definitions"]["custom"]["properties"].as_object_mut();
        properties.and_then(|p| p.remove(name)).ok_or(Refused("there is no such custom attribute"))?;
        schema["lastUpdated"] = now().into();
        let default = self.user_types.iter().find(|t| t["default"] == true).map(|t| t["id"].clone());
        let objects = if kind == "user" { &mut self.users } else { &mut self.groups };
        for (id, object) in objects.iter_mut() {
            if kind == "user" && Some(&object["type"]["id"]) != default.as_ref() {
                continue;
            }
            if object["profile"].as_object_mut().is_some_and(|profile| profile.remove(name).is_some()) {
                self.touched.push(if kind == "user" {
                    Touch::User(id.clone())
                } else {
                    Touch::Group(id.clone())
                });
            }
        }
        Ok(((), vec![event("directory.user_profile.update", &[])]))
    }

    fn schema(&mut self, kind: &str) -> Result<&mut Value, Refused> {
        match kind {
            "user" => {
                let default = self.user_types.iter().find(|t| t["default"] == true);
                let id = default.map(schema_of).ok_or(Refused("there is no default user type"))?;
                self.user_schemas.get_mut(&id).ok_or(Refused("the default user type has no schema"))
            }
            "group" => Ok(&mut self.group_schema),
            _ => Err(Refused("the kinds are user and group")),
        }
    }
}
