//! The schema-and-mapping document, version 2023-10-19.
//!
//! <https://developer.atlassian.com/cloud/assets/imports-rest-api-guide/schema-and-mapping/>

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// The object schema of the import source, and its mapping from records to objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SchemaAndMapping {
    /// The version of the document's own schema.
    #[serde(rename = "$schema", default, skip_serializing_if = "Option::is_none")]
    pub schema_url: Option<String>,
    /// The object schema.
    pub schema: SchemaDefinition,
    /// The mapping.
    pub mapping: Mapping,
}

impl SchemaAndMapping {
    /// One object type for a table, with a text attribute for each column. The column's name is also the field of a record.
    /// The first column is the identity and the label of an object. `selector` is the key of the records in the data and the
    /// prefix of the external IDs, which must be unique on the site.
    pub fn table(object_type: &str, selector: &str, columns: &[String]) -> Self {
        let type_id = format!("{selector}/type");
        let attribute_id = |column: &str| format!("{selector}/{column}");
        let attributes = columns.iter().enumerate().map(|(n, column)| {
            let mut attribute = Attribute::new(attribute_id(column), column, AttributeType::Text);
            attribute.label = (n == 0).then_some(true);
            attribute
        });
        let fields = columns.iter().enumerate().map(|(n, column)| AttributeMapping {
            attribute_external_id: Some(attribute_id(column)),
            attribute_name: column.clone(),
            attribute_locators: vec![column.clone()],
            external_id_part: (n == 0).then_some(true),
            object_mapping_iql: None,
            rest: Map::new(),
        });
        Self {
            schema_url: None,
            schema: SchemaDefinition {
                object_schema: ObjectSchema {
                    name: object_type.to_owned(),
                    description: String::new(),
                    object_types: vec![ObjectType {
                        external_id: Some(type_id.clone()),
                        name: object_type.to_owned(),
                        description: String::new(),
                        attributes: attributes.collect(),
                        children: Vec::new(),
                        rest: Map::new(),
                    }],
                },
                icon_schema: None,
                status_schema: None,
            },
            mapping: Mapping {
                object_type_mappings: vec![ObjectTypeMapping {
                    object_type_external_id: Some(type_id),
                    object_type_name: object_type.to_owned(),
                    selector: selector.to_owned(),
                    description: String::new(),
                    attributes_mapping: fields.collect(),
                    rest: Map::new(),
                }],
            },
        }
    }
}

impl SchemaAndMapping {
    /// True if this document, as Assets shows it, has every object type, attribute, and mapped field of another.
    pub fn holds(&self, wanted: &Self) -> bool {
        let types = &self.schema.object_schema.object_types;
        let mappings = &self.mapping.object_type_mappings;
        wanted.schema.object_schema.object_types.iter().all(|t| t.is_in(types))
            && wanted.mapping.object_type_mappings.iter().all(|wanted| {
                let same = |m: &&ObjectTypeMapping| {
                    m.object_type_external_id == wanted.object_type_external_id
                        && m.selector == wanted.selector
                };
                mappings.iter().find(same).is_some_and(|found| {
                    wanted.attributes_mapping.iter().all(|field| {
                        found.attributes_mapping.iter().any(|f| {
                            f.attribute_external_id == field.attribute_external_id
                                && f.attribute_locators == field.attribute_locators
                                && f.object_mapping_iql == field.object_mapping_iql
                        })
                    })
                })
            })
    }
}

impl ObjectType {
    fn is_in(&self, types: &[Self]) -> bool {
        types.iter().any(|found| {
            found.external_id == self.external_id
                && self.attributes.iter().all(|attribute| {
                    found
                        .attributes
                        .iter()
                        .any(|a| a.external_id == attribute.external_id && a.kind == attribute.kind)
                })
                && self.children.iter().all(|child| child.is_in(&found.children))
        })
    }
}

/// Object types, icons and statuses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SchemaDefinition {
    /// The object types.
    pub object_schema: ObjectSchema,
    /// Icons, as received.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub icon_schema: Option<Value>,
    /// Statuses that `status` attributes use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_schema: Option<StatusSchema>,
}

/// The object schema.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSchema {
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// Its object types; at least one.
    pub object_types: Vec<ObjectType>,
}

/// An object type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectType {
    /// The external ID, unique across all object schemas of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name.
    pub name: String,
    /// The description.
    pub description: String,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Vec<Attribute>,
    /// Object types below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<ObjectType>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The type of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AttributeType {
    /// A line of text, up to 255 characters.
    Text,
    /// Longer text.
    Textarea,
    /// A whole number.
    Integer,
    /// A number.
    Double,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A moment.
    DateTime,
    /// An address with a scheme.
    Url,
    /// An email address.
    Email,
    /// One of several options.
    Select,
    /// An address of the network.
    IpAddress,
    /// Another object.
    ReferencedObject,
    /// A status.
    Status,
    /// A type that this version doesn't support, as received.
    Other(String),
}

impl AttributeType {
    const WORDS: [(&'static str, Self); 14] = [
        ("text", Self::Text),
        ("textarea", Self::Textarea),
        ("integer", Self::Integer),
        ("double", Self::Double),
        ("boolean", Self::Boolean),
        ("date", Self::Date),
        ("time", Self::Time),
        ("date_time", Self::DateTime),
        ("url", Self::Url),
        ("email", Self::Email),
        ("select", Self::Select),
        ("ipaddress", Self::IpAddress),
        ("referenced_object", Self::ReferencedObject),
        ("status", Self::Status),
    ];

    /// The value in the document.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Other(word) => word,
            known => Self::WORDS.iter().find(|(_, kind)| kind == known).map_or("", |(word, _)| word),
        }
    }
}

impl<'de> Deserialize<'de> for AttributeType {
    fn deserialize<D: Deserializer<'de>>(input: D) -> std::result::Result<Self, D::Error> {
        let word = String::deserialize(input)?;
        let known = Self::WORDS.into_iter().find(|(w, _)| *w == word).map(|(_, kind)| kind);
        Ok(known.unwrap_or(Self::Other(word)))
    }
}

impl Serialize for AttributeType {
    fn serialize<S: Serializer>(&self, output: S) -> std::result::Result<S::Ok, S::Error> {
        output.serialize_str(self.as_str())
    }
}

/// An attribute of an object type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Attribute {
    /// The external ID, unique across all object schemas of the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<String>,
    /// The name.
    pub name: String,
    /// The description.
    #[serde(default)]
    pub description: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// The allowed statuses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub type_values: Option<Vec<String>>,
    /// True if it is the object's label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<bool>,
    /// The object type that a reference points to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_object_type_external_id: Option<String>,
    /// The same by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference_object_type_name: Option<String>,
    /// 1 when it must have a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_cardinality: Option<i32>,
    /// The cardinality; -1 for unlimited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maximum_cardinality: Option<i32>,
    /// True if its values must be unique.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Attribute {
    /// An attribute with only the required fields.
    pub fn new(external_id: impl Into<String>, name: impl Into<String>, kind: AttributeType) -> Self {
        Self {
            external_id: Some(external_id.into()),
            name: name.into(),
            description: String::new(),
            kind,
            type_values: None,
            label: None,
            reference_object_type_external_id: None,
            reference_object_type_name: None,
            minimum_cardinality: None,
            maximum_cardinality: None,
            unique: None,
            rest: Map::new(),
        }
    }
}

/// The category of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StatusCategory {
    /// In use.
    Active,
    /// Not in use.
    Inactive,
    /// On the way.
    Pending,
}

/// A status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// 2 to 30 letters, digits, spaces and dashes.
    pub name: String,
    /// The description.
    pub description: String,
    /// The category in Assets.
    pub category: StatusCategory,
}

/// The statuses of the object schema.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatusSchema {
    /// At least one.
    pub statuses: Vec<Status>,
}

/// The mapping from records to objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mapping {
    /// For each object type.
    pub object_type_mappings: Vec<ObjectTypeMapping>,
}

/// The mapping from records to objects of one type.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ObjectTypeMapping {
    /// The object type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object_type_external_id: Option<String>,
    /// The name.
    pub object_type_name: String,
    /// The key of the records in the data.
    pub selector: String,
    /// The description.
    pub description: String,
    /// The mapping from fields to attributes.
    #[serde(default)]
    pub attributes_mapping: Vec<AttributeMapping>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The mapping from a field to an attribute.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AttributeMapping {
    /// The attribute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribute_external_id: Option<String>,
    /// The name.
    pub attribute_name: String,
    /// The fields; several are joined.
    pub attribute_locators: Vec<String>,
    /// True if the value is part of the object's identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id_part: Option<bool>,
    /// The query that finds a referenced object.
    #[serde(rename = "objectMappingIQL", default, skip_serializing_if = "Option::is_none")]
    pub object_mapping_iql: Option<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}
