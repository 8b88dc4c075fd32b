//! Which type of attribute holds what an Okta schema allows.

use std::collections::BTreeMap;

use insight_import_client::document::AttributeType;
use okta_client::model::{PropertyType, Schema, SchemaProperty};

use crate::{Arrays, Attributes, Enums, MappingOptions};

/// Text of this many characters fits into a text attribute.
pub(crate) const TEXT_LIMIT: usize = 255;

/// The types that a value of a profile can have. The others are ours to use: statuses and references need more than a
/// value.
pub const VALUE_TYPES: [AttributeType; 12] = [
    AttributeType::Text,
    AttributeType::Textarea,
    AttributeType::Integer,
    AttributeType::Double,
    AttributeType::Boolean,
    AttributeType::Date,
    AttributeType::Time,
    AttributeType::DateTime,
    AttributeType::Url,
    AttributeType::Email,
    AttributeType::Select,
    AttributeType::IpAddress,
];

/// A type, and whether it takes a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: AttributeType,
    pub(crate) many: bool,
}

impl Shape {
    const fn one(kind: AttributeType) -> Self {
        Self { kind, many: false }
    }
}

/// Whether a cardinality other than one is documented for values of a type.
pub(crate) const fn takes_many(kind: &AttributeType) -> bool {
    matches!(kind, AttributeType::Email | AttributeType::Select)
}

/// An attribute as all user types together define it.
#[derive(Debug, Clone)]
pub(crate) struct Merged {
    pub(crate) property: SchemaProperty,
    /// Every org has it.
    pub(crate) base: bool,
    /// The types define it differently.
    pub(crate) conflict: bool,
    /// Some type has a list here.
    list: bool,
}

impl Merged {
    /// The shape in Assets: as chosen by name, or as the schema and the general choices call for.
    pub(crate) fn shape(&self, name: &str, choices: &Attributes, options: &MappingOptions) -> Shape {
        match choices.types.get(name) {
            Some(chosen) => Shape { kind: chosen.clone(), many: self.list && takes_many(chosen) },
            None => natural(&self.property, options),
        }
    }

    /// Whether the value is a secret, or cannot be read at all.
    pub(crate) fn is_unreadable(&self) -> bool {
        matches!(self.property.format.as_deref(), Some("encrypted" | "hashed"))
            || self.property.rest.get("mutability").is_some_and(|m| m == "WRITE_ONLY")
    }
}

/// The attributes of several schemas as one; where they differ, text holds everything.
pub(crate) fn merge<'s>(
    schemas: impl Iterator<Item = &'s Schema>,
    options: &MappingOptions,
) -> BTreeMap<String, Merged> {
    let mut merged: BTreeMap<String, Merged> = BTreeMap::new();
    for schema in schemas {
        for (name, property) in schema.properties() {
            let list = property.kind == PropertyType::Array;
            let Some(first) = merged.get_mut(name) else {
                let base = schema.base().properties.contains_key(name);
                let new = Merged { property: property.clone(), base, conflict: false, list };
                merged.insert(name.to_owned(), new);
                continue;
            };
            first.list |= list;
            if natural(&first.property, options) != natural(property, options) {
                first.conflict = true;
                first.property.kind = PropertyType::String;
                first.property.format = None;
                first.property.enum_values.clear();
                first.property.one_of.clear();
            }
            first.property.max_length = first.property.max_length.max(property.max_length);
        }
    }
    merged
}

fn natural(property: &SchemaProperty, options: &MappingOptions) -> Shape {
    let limited_to = !property.enum_values.is_empty() || !property.one_of.is_empty();
    match (&property.kind, property.format.as_deref()) {
        (PropertyType::Array, _) if options.arrays == Arrays::Select => {
            Shape { kind: AttributeType::Select, many: true }
        }
        (PropertyType::Array, _) => Shape::one(AttributeType::Text),
        _ if limited_to && options.enums == Enums::Select => Shape::one(AttributeType::Select),
        // Allowed values may be numbers and text side by side.
        _ if limited_to => Shape::one(AttributeType::Text),
        (PropertyType::Boolean, _) => Shape::one(AttributeType::Boolean),
        (PropertyType::Integer, _) => Shape::one(AttributeType::Integer),
        (PropertyType::Number, _) => Shape::one(AttributeType::Double),
        (PropertyType::String, Some("email")) => Shape::one(AttributeType::Email),
        (PropertyType::String, Some("uri")) => Shape::one(AttributeType::Url),
        (PropertyType::String, Some("date-time")) => Shape::one(AttributeType::DateTime),
        (PropertyType::String, _) if property.max_length.is_some_and(|n| n > TEXT_LIMIT as u64) => {
            Shape::one(AttributeType::Textarea)
        }
        _ => Shape::one(AttributeType::Text),
    }
}
