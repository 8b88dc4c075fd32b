//! The rules of the document's JSON schema, and the names that Assets reserves.

use std::collections::BTreeSet;

use serde_json::Value;

/// The reason for rejecting a document: a code and the location.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) &'static str, pub(super) String);

/// The types of plain values. The number of each is its place.
pub(super) const PLAIN_TYPES: [&str; 12] = [
    "text",
    "integer",
    "boolean",
    "double",
    "date",
    "time",
    "date_time",
    "url",
    "email",
    "textarea",
    "select",
    "ipaddress",
];

/// The rules of the document's own JSON schema, and those about external ids.
pub(super) fn check_shape(document: &Value) -> Result<(), Invalid> {
    let invalid = |place: &str| Invalid("SCHEMA_INVALID", place.to_owned());
    let schema = &document["schema"];
    let object_schema = &schema["objectSchema"];
    for member in ["name", "description"] {
        object_schema[member].as_str().ok_or_else(|| invalid(&format!("objectSchema.{member}")))?;
    }
    if list(&object_schema["objectTypes"]).is_empty() {
        return Err(invalid("objectSchema.objectTypes"));
    }
    if schema.get("iconSchema").is_some_and(|icons| list(&icons["icons"]).is_empty()) {
        return Err(invalid("iconSchema.icons"));
    }
    let fits = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
    for status in list(&schema["statusSchema"]["statuses"]) {
        let name = text(status, "name");
        let category = text(status, "category");
        if !(2..=30).contains(&name.len())
            || !name.chars().all(fits)
            || !["active", "inactive", "pending"].contains(&category)
        {
            return Err(invalid(&format!("status {name}")));
        }
    }
    let mut types = Vec::new();
    flatten(&object_schema["objectTypes"], &mut types);
    for object_type in types {
        if text(object_type, "name").is_empty() || object_type["description"].as_str().is_none() {
            return Err(invalid("an object type without a name or description"));
        }
        if text(object_type, "externalId").is_empty() {
            return Err(invalid("an object type without an external id"));
        }
        let mut names = BTreeSet::new();
        for attribute in list(&object_type["attributes"]) {
            let name = text(attribute, "name");
            let place = format!("attribute {name}");
            let reserved = ["key", "created", "updated"].contains(&name.to_lowercase().as_str());
            if name.is_empty() || reserved || !names.insert(name.to_lowercase()) {
                return Err(invalid(&place));
            }
            if attribute["description"].as_str().is_none() || text(attribute, "externalId").is_empty() {
                return Err(invalid(&place));
            }
            let kind = text(attribute, "type");
            let reference = attribute.get("referenceObjectTypeExternalId").is_some();
            let known = PLAIN_TYPES.contains(&kind) || ["referenced_object", "status"].contains(&kind);
            if !known || (kind == "referenced_object") != reference {
                return Err(invalid(&place));
            }
            if attribute.get("typeValues").is_some_and(|v| !v.is_null()) && kind != "status" {
                return Err(invalid(&place));
            }
        }
    }
    for mapping in list(&document["mapping"]["objectTypeMappings"]) {
        if text(mapping, "objectTypeName").is_empty()
            || text(mapping, "selector").is_empty()
            || mapping["description"].as_str().is_none()
        {
            return Err(invalid("an object type mapping"));
        }
        for field in list(&mapping["attributesMapping"]) {
            if text(field, "attributeName").is_empty() || list(&field["attributeLocators"]).is_empty() {
                return Err(invalid("an attribute mapping"));
            }
        }
    }
    document["mapping"]["objectTypeMappings"]
        .as_array()
        .map(drop)
        .ok_or_else(|| invalid("mapping.objectTypeMappings"))
}

pub(super) fn flatten<'v>(types: &'v Value, into: &mut Vec<&'v Value>) {
    for object_type in list(types) {
        into.push(object_type);
        flatten(&object_type["children"], into);
    }
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn text<'v>(value: &'v Value, member: &str) -> &'v str {
    value[member].as_str().unwrap_or_default()
}
