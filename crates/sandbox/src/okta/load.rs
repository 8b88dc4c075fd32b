//! An org from a folder of Okta's own JSON.
//!
//! Every `.json` file below the folder is read: an object or array as Okta returns it, or a recorded exchange with the
//! response under `body`. The content determines the kind of a file, and the file name the group of members.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::defaults::{group_schema, schema_id, user_schema, user_type};
use super::org::{Org, id};
use crate::error::SandboxError;

const DEFAULT_TYPE: &str = "oty0000000000001d7000";

/// Reads a folder.
pub(crate) fn load(folder: &Path) -> Result<Org, SandboxError> {
    let problem = |file: &Path, problem: String| SandboxError::OrgData { file: file.to_owned(), problem };
    let mut files = Vec::new();
    collect(folder, &mut files).map_err(|e| problem(folder, e.to_string()))?;
    files.sort();
    if files.is_empty() {
        return Err(problem(folder, "contains no .json file".into()));
    }
    let mut org = Org { serial: 1_000_000_000, ..Org::default() };
    let mut members = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|e| problem(file, e.to_string()))?;
        let mut value: Value =
            serde_json::from_str(&text).map_err(|e| problem(file, format!("line {}: {e}", e.line())))?;
        let path = value["request"]["path"].as_str().map(str::to_owned);
        if path.is_some() && value.get("body").is_some() {
            value = value["body"].take();
        }
        add(&mut org, &mut members, file, path.as_deref(), value);
    }
    complete(&mut org);
    for (group, user) in members {
        if org.groups.contains_key(&group) && org.users.contains_key(&user) {
            org.add_member(&group, &user);
        }
    }
    if org.users.is_empty() && org.groups.is_empty() {
        return Err(problem(folder, "contains neither users nor groups in Okta's format".into()));
    }
    Ok(org)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|e| e == "json") {
            files.push(path);
        }
    }
    Ok(())
}

fn add(org: &mut Org, members: &mut Vec<(String, String)>, file: &Path, path: Option<&str>, value: Value) {
    let name = file.file_stem().and_then(|n| n.to_str()).unwrap_or_default();
    // The group whose members a file lists: from the recorded path, or the file's own name.
    let group = path
        .and_then(|p| p.strip_prefix("/api/v1/groups/")?.split_once("/users"))
        .map(|(group, _)| group.to_owned())
        .or_else(|| name.starts_with("00g").then(|| name.to_owned()));
    match value {
        Value::Array(items) => {
            for item in items {
                if let (Some(group), true) = (&group, is_id(&item, "00u")) {
                    members.push((group.clone(), text(&item, "id")));
                }
                add_object(org, name, item);
            }
        }
        Value::Object(ref map) if map.values().all(Value::is_array) && !map.is_empty() => {
            // Memberships: user ids by group id.
            for (group, users) in map {
                for user in users.as_array().into_iter().flatten() {
                    let user = user.as_str().map_or_else(|| text(user, "id"), str::to_owned);
                    members.push((group.clone(), user));
                }
            }
        }
        object => add_object(org, name, object),
    }
}

fn add_object(org: &mut Org, name: &str, mut object: Value) {
    if let Some(map) = object.as_object_mut() {
        // Links name the org that they were exported from.
        if map.get("definitions").is_none() && map.get("default").is_none() {
            if let Some(source) = map.get("_links").and_then(|l| l["source"]["href"].as_str()) {
                let id = source.rsplit('/').next().unwrap_or_default().to_owned();
                map.insert("source".into(), json!({ "id": id }));
            }
            map.remove("_links");
        }
        map.remove("credentials");
    }
    if object.get("definitions").is_some() {
        let group =
            object["name"] == "group" || object["id"].as_str().is_some_and(|id| id.contains("/group/"));
        if group {
            org.group_schema = object;
        } else {
            let own = object["_links"]["self"]["href"].as_str().and_then(|h| h.rsplit('/').next());
            let id = own.filter(|id| id.starts_with("osc")).unwrap_or(name).to_owned();
            org.user_schemas.insert(id, object);
        }
    } else if is_id(&object, "00u") && object.get("profile").is_some() {
        org.users.insert(text(&object, "id"), object);
    } else if is_id(&object, "00g") && object.get("profile").is_some() {
        org.groups.insert(text(&object, "id"), object);
    } else if is_id(&object, "oty") {
        org.user_types.push(object);
    }
}

/// Adds required content that the folder doesn't contain.
fn complete(org: &mut Org) {
    let types_used: Vec<String> =
        org.users.values().filter_map(|u| u["type"]["id"].as_str()).map(str::to_owned).collect();
    if org.user_types.is_empty() {
        let id = types_used.first().map_or(DEFAULT_TYPE, String::as_str);
        org.user_types.push(user_type(id, "user", "User", true));
    }
    let loaded = org.user_schemas.values().next_back().cloned();
    for value in &org.user_types {
        let linked = value["_links"]["schema"]["href"].as_str().and_then(|h| h.rsplit('/').next());
        let id = linked.map_or_else(|| schema_id(&text(value, "id")), str::to_owned);
        let fallback = || loaded.clone().unwrap_or_else(|| user_schema("User", &json!({})));
        org.user_schemas.entry(id).or_insert_with(fallback);
    }
    for value in &mut org.user_types {
        let linked = value["_links"]["schema"]["href"].as_str().and_then(|h| h.rsplit('/').next());
        let id = linked.map_or_else(|| schema_id(&text(value, "id")), str::to_owned);
        value["schemaId"] = id.into();
    }
    if org.group_schema.is_null() {
        org.group_schema = group_schema(&json!({}));
    }
    if org.everyone().is_none() {
        let everyone = id("00g", 1);
        let profile = json!({ "name": "Everyone", "description": "All users in your organization" });
        let time = "2026-01-05T09:00:00.000Z";
        org.groups.insert(
            everyone.clone(),
            json!({ "id": everyone, "type": "BUILT_IN", "objectClass": ["okta:user_group"], "created": time,
                    "lastUpdated": time, "lastMembershipUpdated": time, "profile": profile }),
        );
    }
}

fn is_id(value: &Value, prefix: &str) -> bool {
    value["id"].as_str().is_some_and(|id| id.starts_with(prefix))
}

fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_default().to_owned()
}
