//! Responses of Assets. Unknown members are kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

/// An object schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSchema {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The name.
    pub name: String,
    /// The prefix of its objects' keys.
    #[serde(default)]
    pub object_schema_key: String,
    /// The number of its objects, if counts were requested.
    #[serde(default)]
    pub object_count: u64,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An object type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectType {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The name.
    pub name: String,
    /// The schema it belongs to.
    #[serde(default, deserialize_with = "text_or_number")]
    pub object_schema_id: String,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The type of an attribute's values, if it is a basic type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefaultType {
    /// 0 text, 1 integer, 2 boolean, 3 double, 4 date, 5 time, 6 datetime, 7 url, 8 email, 9 textarea, 10 select,
    /// 11 IP address.
    pub id: i64,
    /// The name.
    #[serde(default)]
    pub name: String,
}

/// An attribute of an object type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTypeAttribute {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The name.
    pub name: String,
    /// True if it is the object's label.
    #[serde(default)]
    pub label: bool,
    /// 0 plain (see `default_type`), 1 object, 2 user, 4 group, 7 status.
    #[serde(rename = "type", default)]
    pub kind: i64,
    /// The type of a plain attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_type: Option<DefaultType>,
    /// The object type that a reference points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_value: Option<Value>,
    /// The kind of reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub additional_value: Option<Value>,
    /// The smallest number of values.
    #[serde(default)]
    pub minimum_cardinality: i64,
    /// The largest number of values; -1 for any number.
    #[serde(default = "one")]
    pub maximum_cardinality: i64,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn one() -> i64 {
    1
}

impl ObjectTypeAttribute {
    /// True if it accepts any number of values.
    pub const fn is_unlimited(&self) -> bool {
        self.maximum_cardinality < 0
    }
}

/// The changes to an attribute. Unset fields stay as they are.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeUpdate {
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another description.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The smallest number of values.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum_cardinality: Option<i64>,
    /// The largest number of values; -1 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum_cardinality: Option<i64>,
}

impl AttributeUpdate {
    /// Any number of values.
    pub fn unlimited() -> Self {
        Self { maximum_cardinality: Some(-1), ..Self::default() }
    }

    /// The update with the fields that a reference has anyway: the documentation marks them as mandatory without naming
    /// the method.
    pub(super) fn spelt_out(&self, present: &ObjectTypeAttribute) -> Value {
        json!({
            "name": self.name.as_ref().unwrap_or(&present.name), "type": present.kind,
            "typeValue": present.type_value, "additionalValue": present.additional_value,
            "minimumCardinality": self.minimum_cardinality.unwrap_or(present.minimum_cardinality),
            "maximumCardinality": self.maximum_cardinality.unwrap_or(present.maximum_cardinality),
        })
    }
}

/// An object that another one refers to.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectRef {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The key, such as `OKTA-12`.
    pub object_key: String,
    /// The label.
    pub label: String,
}

/// One value of an attribute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectValue {
    /// The value, as text.
    #[serde(deserialize_with = "text_or_number_or_null")]
    pub value: Option<String>,
    /// The displayed value.
    #[serde(deserialize_with = "text_or_number_or_null")]
    pub display_value: Option<String>,
    /// The referenced object.
    pub referenced_object: Option<ObjectRef>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl ObjectValue {
    /// The value, the key of the referenced object, or the displayed value; empty if there is none.
    pub fn text(&self) -> &str {
        let reference = self.referenced_object.as_ref().map(|object| object.object_key.as_str());
        self.value.as_deref().or(reference).or(self.display_value.as_deref()).unwrap_or_default()
    }
}

/// The values that an object has for an attribute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ObjectAttribute {
    /// The attribute.
    #[serde(deserialize_with = "text_or_number")]
    pub object_type_attribute_id: String,
    /// The values.
    pub object_attribute_values: Vec<ObjectValue>,
}

/// An object.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Object {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The key, such as `OKTA-12`.
    #[serde(default)]
    pub object_key: String,
    /// The label.
    #[serde(default)]
    pub label: String,
    /// The type.
    #[serde(default)]
    pub object_type: Option<ObjectType>,
    /// Its values.
    #[serde(default)]
    pub attributes: Vec<ObjectAttribute>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl std::fmt::Debug for Object {
    /// Without label and values, which may be personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object")
            .field("id", &self.id)
            .field("object_key", &self.object_key)
            .finish_non_exhaustive()
    }
}

impl Object {
    /// The values for an attribute, as text.
    pub fn values(&self, attribute_id: &str) -> Vec<&str> {
        let attribute = self.attributes.iter().find(|a| a.object_type_attribute_id == attribute_id);
        attribute.into_iter().flat_map(|a| &a.object_attribute_values).map(ObjectValue::text).collect()
    }
}

/// Values to set on an object, by attribute ID. An empty list clears an attribute; other attributes don't change.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ObjectValues(BTreeMap<String, Vec<String>>);

impl ObjectValues {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the values of an attribute: text, the key of an object for a reference, the `accountId` of a user, or the ID of
    /// a status.
    #[must_use]
    pub fn with(
        mut self,
        attribute_id: impl Into<String>,
        values: impl IntoIterator<Item = impl Into<String>>,
    ) -> Self {
        self.0.insert(attribute_id.into(), values.into_iter().map(Into::into).collect());
        self
    }

    pub(super) fn body(&self, object_type_id: &str) -> Value {
        let values =
            |values: &[String]| values.iter().map(|value| json!({ "value": value })).collect::<Vec<_>>();
        let attributes: Vec<Value> = self
            .0
            .iter()
            .map(|(id, given)| json!({ "objectTypeAttributeId": id, "objectAttributeValues": values(given) }))
            .collect();
        json!({ "objectTypeId": object_type_id, "attributes": attributes })
    }
}

/// The number of an object schema's objects.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaUsage {
    /// The complete response.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The number of the site's objects.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// In all schemas together.
    #[serde(default)]
    pub total_objects_count: u64,
    /// By schema.
    #[serde(default)]
    pub per_schema_usage_info: Vec<SchemaUsage>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// IDs are text in the documentation and numbers in some responses.
pub(super) fn text_or_number<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    text_or_number_or_null(input).map(Option::unwrap_or_default)
}

pub(super) fn text_or_number_or_null<'de, D: Deserializer<'de>>(
    input: D,
) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    })
}

pub(super) fn boolean_or_word<'de, D: Deserializer<'de>>(input: D) -> Result<Option<bool>, D::Error> {
    Ok(match Value::deserialize(input)? {
        Value::Bool(value) => Some(value),
        Value::String(word) => Some(word.eq_ignore_ascii_case("true")),
        _ => None,
    })
}
