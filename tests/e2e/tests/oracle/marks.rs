//! Marks of deletion: whatever is marked in Assets does not exist in Okta. IDs never come back, so this holds at any time.

use std::collections::HashSet;

use sandbox::ControlClient;
use serde_json::Value;

/// The kinds: the object type, and the place and name of the objects in Okta.
const KINDS: [(&str, &str, &str); 2] =
    [("/type/user", "/okta/users", "users"), ("/type/group", "/okta/groups", "groups")];

/// The objects of a type in Assets.
pub(crate) async fn objects(control: &ControlClient, object_type: &str) -> Vec<Value> {
    let page = control.get(&format!("/insight/objects?type={object_type}&limit=1000&after=0")).await.unwrap();
    page["objects"].as_array().unwrap().clone()
}

/// True if an object has one of these statuses.
pub(crate) fn has_status(object: &Value, statuses: &[&str]) -> bool {
    attribute(object, "/status").is_some_and(|status| statuses.contains(&status))
}

/// An object that is marked as deleted and lives, when there is one.
pub(crate) async fn wrong(control: &ControlClient) -> Option<String> {
    for (object_type, path, name) in KINDS {
        // In this order: what lives afterwards lived when it was marked.
        let objects = objects(control, object_type).await;
        let living = control.get(&format!("{path}?limit=1000")).await.unwrap();
        let living: HashSet<&str> =
            living[name].as_array().unwrap().iter().filter_map(|object| object["id"].as_str()).collect();
        let marked = objects.iter().filter(|object| has_status(object, &["Okta Deleted"]));
        if let Some(id) = marked.filter_map(id).find(|id| living.contains(id)) {
            return Some(format!("{id} of the {name} is marked as deleted, and lives"));
        }
    }
    None
}

fn attribute<'o>(object: &'o Value, end: &str) -> Option<&'o str> {
    let attributes = object["attributes"].as_object()?;
    attributes.iter().find(|(name, _)| name.ends_with(end))?.1[0].as_str()
}

/// The ID in Okta of an object.
pub(crate) fn id(object: &Value) -> Option<&str> {
    attribute(object, "user/id").or_else(|| attribute(object, "group/id"))
}
