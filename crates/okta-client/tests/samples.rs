//! Answers of real orgs are read without losing anything.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;
use std::path::Path;

use okta_client::HookDelivery;
use okta_client::model::{EventHook, Group, Schema, User, UserType};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn samples(prefix: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples");
    let mut found: Vec<(String, Value)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(prefix))
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            (path.display().to_string(), value.get("body").cloned().unwrap_or(value))
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(!found.is_empty(), "no sample begins with {prefix}");
    found
}

/// Without nulls, which mean the same as absence, empty lists that stand for it, and with times written one way.
fn essence(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .filter(|(_, v)| !v.is_null() && !v.as_array().is_some_and(Vec::is_empty))
            .map(|(name, v)| (name.clone(), essence(v)))
            .collect(),
        Value::Array(items) => items.iter().map(essence).collect(),
        Value::String(text) => {
            text.parse::<jiff::Timestamp>().map_or(value.clone(), |time| time.to_string().into())
        }
        other => other.clone(),
    }
}

fn nothing_is_lost<T: DeserializeOwned + Serialize>(prefix: &str) {
    for (file, body) in samples(prefix) {
        let objects = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        for object in objects {
            let read: T = serde_json::from_value(object.clone()).unwrap_or_else(|e| panic!("{file}: {e}"));
            assert_eq!(essence(&serde_json::to_value(&read).unwrap()), essence(&object), "{file}");
        }
    }
}

#[test]
fn users_are_read_whole() {
    nothing_is_lost::<User>("users-page");
    nothing_is_lost::<User>("group-members");
    nothing_is_lost::<User>("user-1");
    nothing_is_lost::<User>("user-2");
}

#[test]
fn groups_are_read_whole() {
    nothing_is_lost::<Group>("groups-page");
}

#[test]
fn types_and_schemas_are_read_whole() {
    nothing_is_lost::<UserType>("user_types");
    nothing_is_lost::<Schema>("user_schema");
    nothing_is_lost::<Schema>("group_schema");
}

#[test]
fn event_hooks_are_read_whole() {
    nothing_is_lost::<EventHook>("event-hook");
}

#[test]
fn deliveries_that_name_nobody_are_read() {
    for (file, body) in samples("delivery-") {
        let delivery =
            HookDelivery::parse(body.to_string().as_bytes()).unwrap_or_else(|e| panic!("{file}: {e}"));
        assert_eq!(delivery.events.len(), 1);
        let event = &delivery.events[0];
        assert!(event.succeeded() && event.target.is_empty(), "{file}");
    }
}

/// Reads every sample again and again, each time with another member turned into `null`.
fn only_these_fields_are_required<T: DeserializeOwned>(prefix: &str, needed: &[&str]) {
    for (file, body) in samples(prefix) {
        let objects = body.as_array().cloned().unwrap_or_else(|| vec![body.clone()]);
        for object in objects {
            let names: Vec<String> = object.as_object().unwrap().keys().cloned().collect();
            for name in names {
                let mut without = object.clone();
                without[&name] = Value::Null;
                let read = serde_json::from_value::<T>(without).is_ok();
                assert_eq!(read, !needed.contains(&name.as_str()), "{file}: {name}");
            }
        }
    }
}

#[test]
fn optional_fields_may_be_null() {
    only_these_fields_are_required::<User>("users-page", &["id", "status"]);
    only_these_fields_are_required::<Group>("groups-page", &["id", "type"]);
    only_these_fields_are_required::<UserType>("user_types", &["id", "name"]);
    only_these_fields_are_required::<Schema>("user_schema", &[]);
    only_these_fields_are_required::<EventHook>("event-hook", &["id", "name", "status", "events", "channel"]);
}

#[test]
fn schema_property_fields_may_be_null() {
    for name in
        ["title", "description", "type", "format", "items", "maxLength", "enum", "oneOf", "unique", "master"]
    {
        let definition = serde_json::json!({"definitions": {"base": null, "custom": {"required": null,
            "properties": {"a": {name: null}}}}});
        let schema: Schema = serde_json::from_value(definition).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(schema.properties().count(), 1, "{name}");
    }
    for (unique, is) in
        [("true", true), ("false", false), ("\"UNIQUE_VALIDATED\"", true), ("\"PENDING_UNIQUENESS\"", false)]
    {
        let text = format!(
            r#"{{"definitions":{{"base":{{"properties":{{"a":{{"type":"later","unique":{unique},
            "enum":["S",2,2.5,true,null],"oneOf":[{{"const":7,"title":null}}]}}}}}}}}}}"#
        );
        let schema: Schema = serde_json::from_str(&text).unwrap();
        let property = &schema.base().properties["a"];
        assert_eq!((property.is_unique(), property.kind.as_str()), (is, "later"), "{unique}");
        assert_eq!((property.enum_values.len(), &property.one_of[0].value), (5, &serde_json::json!(7)));
    }
}

#[test]
fn null_and_absent_are_the_same() {
    let read = |profile: &str| -> User {
        serde_json::from_str(&format!(r#"{{"id":"00u1","status":"ACTIVE","profile":{profile}}}"#)).unwrap()
    };
    assert_eq!(read(r#"{"city":null}"#).profile.get("city"), read("{}").profile.get("city"));
    assert_eq!(read(r#"{"city":null}"#).profile.iter().count(), 0);
}

#[test]
fn debug_output_omits_profile_values() {
    let user: User =
        serde_json::from_str(r#"{"id":"00u1","status":"NEWER","profile":{"login":"ada@example.com"}}"#)
            .unwrap();
    let shown = format!("{user:?}");
    assert!(
        shown.contains("login") && shown.contains("NEWER") && !shown.contains("ada@example.com"),
        "{shown}"
    );
}
