//! Orgs of different shape.

use okta_client::model::User;
use schema_mapper::{Mapping, MappingOptions, OrgSchemas, UserTypeSchema};
use serde_json::{Value, json};

use super::recorded;

pub fn schema(properties: &Value) -> Value {
    json!({"name": "user", "definitions": {"base": {"properties": {
        "login": {"title": "Username", "type": "string"},
        "email": {"title": "Primary email", "type": "string", "format": "email"},
        "employeeNumber": {"title": "Employee number", "type": "string"},
        "managerId": {"title": "ManagerId", "type": "string"}}},
        "custom": {"properties": properties}}})
}

pub fn group_schema(properties: &Value) -> Value {
    json!({"name": "group", "definitions": {"base": {"properties": {
        "name": {"title": "Name", "type": "string"},
        "description": {"title": "Description", "type": "string", "maxLength": 1024}}},
        "custom": {"properties": properties}}})
}

pub fn org(users: &[Value], group: &Value) -> OrgSchemas {
    let user_types = users.iter().enumerate().map(|(n, schema)| UserTypeSchema {
        user_type: serde_json::from_value(
            json!({"id": format!("oty{n}"), "name": format!("t{n}"), "displayName": format!("Type {n}"), "default": n == 0}),
        )
        .unwrap(),
        schema: serde_json::from_value(schema.clone()).unwrap(),
    });
    OrgSchemas { user_types: user_types.collect(), group: serde_json::from_value(group.clone()).unwrap() }
}

/// An org with custom attributes of users.
pub fn with(properties: &Value) -> OrgSchemas {
    org(&[schema(properties)], &group_schema(&json!({})))
}

pub fn text(title: &str) -> Value {
    json!({"title": title, "type": "string"})
}

pub fn options(toml: &str) -> MappingOptions {
    toml::from_str(toml).unwrap()
}

pub fn mapping(org: &OrgSchemas) -> Mapping {
    Mapping::new(org, &MappingOptions::default()).unwrap()
}

pub fn mapping_by(org: &OrgSchemas, toml: &str) -> Mapping {
    Mapping::new(org, &options(toml)).unwrap()
}

pub fn user(id: &str, profile: &Value) -> User {
    serde_json::from_value(json!({"id": id, "status": "ACTIVE", "profile": profile})).unwrap()
}

/// Orgs by name, each with the options it is mapped by.
pub fn all() -> Vec<(&'static str, OrgSchemas, &'static str)> {
    let plain = schema(&json!({}));
    let groups = group_schema(&json!({}));
    let every_type = with(&json!({
        "i": {"title": "I", "type": "integer"}, "n": {"title": "N", "type": "number"}, "b": {"title": "B", "type": "boolean"},
        "a": {"title": "A", "type": "array", "items": {"type": "string"}}, "u": {"title": "U", "type": "string", "format": "uri"},
        "d": {"title": "D", "type": "string", "format": "date-time"}, "l": {"title": "L", "type": "string", "maxLength": 4000},
        "e": {"title": "E", "type": "string", "enum": ["x", 1], "unique": "UNIQUE_VALIDATED"}, "o": {"title": "O", "type": "newer"},
        "s": {"title": "S", "type": "string", "format": "encrypted"}, "w": {"title": "W", "type": "string", "mutability": "WRITE_ONLY"}}));
    vec![
        ("recorded_1", org(&[recorded("user_schema-1.json")], &recorded("group_schema-1.json")), ""),
        ("recorded_2", org(&[recorded("user_schema-2.json")], &recorded("group_schema-2.json")), ""),
        (
            "recorded_3",
            org(
                &[recorded("user_schema-1.json"), recorded("user_schema-2.json")],
                &recorded("group_schema-3.json"),
            ),
            "",
        ),
        ("plain", org(std::slice::from_ref(&plain), &groups), ""),
        ("every_type", every_type.clone(), ""),
        (
            "reserved_names",
            with(&json!({"key": text("Key"), "created": text("CREATED"), "x": text("Okta Groups")})),
            "",
        ),
        ("same_titles", with(&json!({"a": text("Same"), "b": text("same"), "login2": text("Username")})), ""),
        ("case_twins", with(&json!({"costCentre": text(""), "costcentre": text("")})), ""),
        (
            "odd_names",
            with(
                &json!({"x": text("\"quoted\"\n${x}"), "y": text("   "), "": text("\u{200B}"), "é 🦀": text("🦀"),
                         "l": text(&"long ".repeat(60)), "q\"'\\": text("6\" pipe")}),
            ),
            "",
        ),
        (
            "conflicting_types",
            org(
                &[
                    schema(&json!({"n": {"title": "N", "type": "integer"}})),
                    schema(&json!({"n": {"title": "N", "type": "boolean"}})),
                ],
                &groups,
            ),
            "",
        ),
        (
            "group_attributes",
            org(&[plain], &group_schema(&json!({"budget": {"title": "Budget", "type": "number"}}))),
            "",
        ),
        (
            "by_name",
            org(&[recorded("user_schema-1.json")], &recorded("group_schema-1.json")),
            "attribute_names = 'name'",
        ),
        ("selects", every_type.clone(), "array_format = 'select'\nenum_format = 'select'"),
        (
            "overrides",
            every_type,
            "group_label = 'description'\ninclude_last_login = true\n\
             user.types = { a = 'select', i = 'text', l = 'text', o = 'ipaddress', d = 'date' }\n\
             user.exclude = ['n', 'login']\nuser.rename = { b = 'Key', u = 'Home page' }\nuser.include = ['a', 'b', 'd', 'i', 'l', 'n', 'o', 's', 'u']",
        ),
        (
            "members_on_the_group",
            with(&json!({})),
            "membership_strategy = 'on_groups'\nmanager.match_by = 'off'",
        ),
        (
            "membership_objects",
            with(&json!({})),
            "membership_strategy = 'objects'\nmanager = { match_by = 'email', attribute = 'manager' }\naccount = {}",
        ),
    ]
}
