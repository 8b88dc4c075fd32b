//! Schemas of users and groups.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::open_enum::open_enum;
use super::reading::null_as_default;

open_enum!(
    /// The type of an attribute.
    PropertyType {
        /// Text.
        String = "string",
        /// True or false.
        Boolean = "boolean",
        /// A number.
        Number = "number",
        /// A whole number.
        Integer = "integer",
        /// Several values.
        Array = "array",
    }
);

/// One allowed value with its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OneOf {
    /// The value: text or a number.
    #[serde(rename = "const")]
    pub value: Value,
    /// The display name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
}

/// The items of an array.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PropertyItems {
    /// The type of each.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PropertyType>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The definition of one attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaProperty {
    /// The display name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The type.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: PropertyType,
    /// The format of a text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// The items of an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<PropertyItems>,
    /// The longest text allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// The allowed values: text or numbers.
    #[serde(
        rename = "enum",
        default,
        deserialize_with = "null_as_default",
        skip_serializing_if = "Vec::is_empty"
    )]
    pub enum_values: Vec<Value>,
    /// The allowed values with names.
    #[serde(default, deserialize_with = "null_as_default", skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<OneOf>,
    /// The uniqueness of values: a boolean in requests, and text such as `UNIQUE_VALIDATED` in responses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<Value>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl SchemaProperty {
    /// True if Okta enforces unique values.
    pub fn is_unique(&self) -> bool {
        match &self.unique {
            Some(Value::Bool(unique)) => *unique,
            Some(Value::String(word)) => word == "UNIQUE_VALIDATED",
            _ => false,
        }
    }
}

/// One half of a schema.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SchemaDefinition {
    /// The attributes by name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub properties: BTreeMap<String, SchemaProperty>,
    /// The names of those that must have a value.
    #[serde(default, deserialize_with = "null_as_default")]
    pub required: Vec<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Both halves.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Definitions {
    #[serde(default, deserialize_with = "null_as_default")]
    base: SchemaDefinition,
    #[serde(default, deserialize_with = "null_as_default")]
    custom: SchemaDefinition,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

/// The schema of a user type, or of groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Schema {
    /// Its URI. Not an address to fetch.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// The name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub name: String,
    /// The display name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub title: String,
    /// The last change.
    #[serde(default)]
    pub last_updated: Option<Timestamp>,
    #[serde(default, deserialize_with = "null_as_default")]
    definitions: Definitions,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Schema {
    /// The attributes that every org has.
    pub const fn base(&self) -> &SchemaDefinition {
        &self.definitions.base
    }

    /// The attributes that this org has added.
    pub const fn custom(&self) -> &SchemaDefinition {
        &self.definitions.custom
    }

    /// All attributes: base ones first, each half by name.
    pub fn properties(&self) -> impl Iterator<Item = (&str, &SchemaProperty)> {
        self.base().properties.iter().chain(&self.custom().properties).map(|(name, p)| (name.as_str(), p))
    }
}
