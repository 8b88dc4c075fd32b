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
    list(&schema["statusSchema"]["statuses"]).iter().try_for_each(check_status)?;
    let mut types = Vec::new();
    flatten(&object_schema["objectTypes"], &mut types);
    types.into_iter().try_for_each(check_object_type)?;
    let mappings = document["mapping"]["objectTypeMappings"].as_array();
    mappings.ok_or_else(|| invalid("mapping.objectTypeMappings"))?.iter().try_for_each(check_mapping)
}

fn invalid(place: &str) -> Invalid {
    Invalid("SCHEMA_INVALID", place.to_owned())
}

fn check_status(status: &Value) -> Result<(), Invalid> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == ' ' || c == '-';
    let name = text(status, "name");
    if !(2..=30).contains(&name.len())
        || !name.chars().all(fits)
        || !["active", "inactive", "pending"].contains(&text(status, "category"))
    {
        return Err(invalid(&format!("status {name}")));
    }
    Ok(())
}

fn check_object_type(object_type: &Value) -> Result<(), Invalid> {
    if text(object_type, "name").is_empty() || object_type["description"].as_str().is_none() {
        return Err(invalid("an object type without a name or description"));
    }
    if text(object_type, "externalId").is_empty() {
        return Err(invalid("an object type without an external id"));
    }
    let mut names = BTreeSet::new();
    for attribute in list(&object_type["attributes"]) {
        let name = text(attribute, "name");
        let reserved = ["key", "created", "updated"].contains(&name.to_lowercase().as_str());
        if name.is_empty() || reserved || !names.insert(name.to_lowercase()) || !is_attribute(attribute) {
            return Err(invalid(&format!("attribute {name}")));
        }
    }
    Ok(())
}

/// True if an attribute has a valid definition, whatever its name.
fn is_attribute(attribute: &Value) -> bool {
    let kind = text(attribute, "type");
    let reference = attribute.get("referenceObjectTypeExternalId").is_some();
    let known = PLAIN_TYPES.contains(&kind) || ["referenced_object", "status"].contains(&kind);
    let has_type_values = attribute.get("typeValues").is_some_and(|values| !values.is_null());
    attribute["description"].as_str().is_some()
        && !text(attribute, "externalId").is_empty()
        && known
        && (kind == "referenced_object") == reference
        && (!has_type_values || kind == "status")
}

fn check_mapping(mapping: &Value) -> Result<(), Invalid> {
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
    Ok(())
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
