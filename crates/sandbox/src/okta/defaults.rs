//! The schemas of a new org.

use serde_json::{Map, Value, json};

/// The base attributes of users: name, title, format, longest value.
const USER_BASE: [(&str, &str, Option<&str>, Option<u32>); 31] = [
    ("login", "Username", None, Some(100)),
    ("firstName", "First name", None, Some(50)),
    ("lastName", "Last name", None, Some(50)),
    ("middleName", "Middle name", None, None),
    ("honorificPrefix", "Honorific prefix", None, None),
    ("honorificSuffix", "Honorific suffix", None, None),
    ("email", "Primary email", Some("email"), None),
    ("title", "Title", None, None),
    ("displayName", "Display name", None, None),
    ("nickName", "Nickname", None, None),
    ("profileUrl", "Profile Url", Some("uri"), None),
    ("secondEmail", "Secondary email", Some("email"), None),
    ("mobilePhone", "Mobile phone", None, Some(100)),
    ("primaryPhone", "Primary phone", None, Some(100)),
    ("streetAddress", "Street address", None, None),
    ("city", "City", None, None),
    ("state", "State", None, None),
    ("zipCode", "Zip code", None, None),
    ("countryCode", "Country code", Some("country-code"), None),
    ("postalAddress", "Postal Address", None, None),
    ("preferredLanguage", "Preferred language", Some("language-code"), None),
    ("locale", "Locale", Some("locale"), None),
    ("timezone", "Time zone", Some("timezone"), None),
    ("userType", "User type", None, None),
    ("employeeNumber", "Employee number", None, None),
    ("costCenter", "Cost center", None, None),
    ("organization", "Organization", None, None),
    ("division", "Division", None, None),
    ("department", "Department", None, None),
    ("managerId", "ManagerId", None, None),
    ("manager", "Manager", None, None),
];

fn base(
    attributes: impl Iterator<Item = (&'static str, &'static str, Option<&'static str>, Option<u32>)>,
) -> Value {
    let properties: Map<String, Value> = attributes
        .map(|(name, title, format, longest)| {
            let mut property = json!({
                "title": title, "type": "string", "mutability": "READ_WRITE", "scope": "NONE",
                "permissions": [{ "principal": "SELF", "action": "READ_ONLY" }],
                "master": { "type": "PROFILE_MASTER" },
            });
            if let Some(format) = format {
                property["format"] = format.into();
            }
            if let Some(longest) = longest {
                property["maxLength"] = longest.into();
            }
            (name.to_owned(), property)
        })
        .collect();
    json!({ "id": "#base", "type": "object", "properties": properties, "required": [] })
}

fn schema(name: &str, title: &str, base: &Value, custom: &Value) -> Value {
    json!({
        "id": format!("https://sandbox.example/meta/schemas/{name}/default"),
        "$schema": "http://json-schema.org/draft-04/schema#",
        "name": name, "title": title, "lastUpdated": "2026-01-05T09:00:00.000Z", "created": "2026-01-05T09:00:00.000Z",
        "definitions": {
            "custom": { "id": "#custom", "type": "object", "properties": custom, "required": [] },
            "base": base,
        },
        "type": "object",
        "properties": { "profile": { "allOf": [
            { "$ref": "#/definitions/custom" }, { "$ref": "#/definitions/base" } ] } },
    })
}

/// A user schema with these custom attributes.
pub(crate) fn user_schema(title: &str, custom: &Value) -> Value {
    let mut schema = schema("user", title, &base(USER_BASE.into_iter()), custom);
    schema["definitions"]["base"]["required"] = json!(["login", "firstName", "lastName", "email"]);
    // Written as a boolean, read as a word.
    schema["definitions"]["base"]["properties"]["login"]["unique"] = json!("UNIQUE_VALIDATED");
    schema
}

/// The group schema with these custom attributes.
pub(crate) fn group_schema(custom: &Value) -> Value {
    let base_attributes =
        [("name", "Name", None, Some(255)), ("description", "Description", None, Some(1024))];
    let mut schema = schema("group", "Okta group", &base(base_attributes.into_iter()), custom);
    schema["definitions"]["base"]["required"] = json!(["name"]);
    schema
}

/// A user type.
pub(crate) fn user_type(id: &str, name: &str, display_name: &str, default: bool) -> Value {
    json!({
        "id": id, "name": name, "displayName": display_name, "description": "", "default": default,
        "created": "2026-01-05T09:00:00.000Z", "lastUpdated": "2026-01-05T09:00:00.000Z",
    })
}

/// The schema of a user type: the same ID with another prefix.
pub(crate) fn schema_id(type_id: &str) -> String {
    type_id.replacen("oty", "osc", 1)
}
