//! The attribute types for the types of an Okta schema.

use std::collections::BTreeMap;

use insight_import_client::document::AttributeType;
use okta_client::model::{PropertyType, Schema, SchemaProperty};

use crate::directory;
use crate::options::{ArrayFormat, AttributeOptions, EnumFormat, MappingOptions};

/// Text of this many characters fits into a text attribute.
pub(crate) const TEXT_LIMIT: usize = 255;
/// Text of this many characters fits into a textarea attribute.
pub(crate) const TEXTAREA_LIMIT: usize = 5000;

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

/// True if an attribute of a type holds every value of an attribute of another type. Text that is too long for it is
/// cut, and reported.
pub(crate) fn holds(present: &AttributeType, wanted: &AttributeType) -> bool {
    match present {
        AttributeType::Text | AttributeType::Textarea | AttributeType::Select => VALUE_TYPES.contains(wanted),
        AttributeType::Double => matches!(wanted, AttributeType::Double | AttributeType::Integer),
        _ => false,
    }
}

/// A type, and its cardinality.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) kind: AttributeType,
    pub(crate) many: bool,
}

impl Shape {
    const fn one(kind: AttributeType) -> Self {
        Self { kind, many: false }
    }

    const fn is_text(&self) -> bool {
        matches!(self.kind, AttributeType::Text | AttributeType::Textarea) && !self.many
    }
}

/// True if a cardinality other than one is documented for values of a type.
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
    pub(crate) fn shape(&self, name: &str, choices: &AttributeOptions, options: &MappingOptions) -> Shape {
        match choices.types.get(name) {
            Some(chosen) => Shape { kind: chosen.clone(), many: self.list && takes_many(chosen) },
            None => natural(&self.property, self.base, options),
        }
    }

    /// True if the value is a secret, or if it can't be read.
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
            let shapes = [&first.property, property].map(|property| natural(property, first.base, options));
            let longest = longest(&first.property).zip(longest(property)).map(|(one, other)| one.max(other));
            if shapes[0] != shapes[1] {
                // A longer text holds a shorter one.
                first.conflict |= !shapes.iter().all(Shape::is_text);
                first.property.kind = PropertyType::String;
                first.property.format = None;
                first.property.enum_values.clear();
                first.property.one_of.clear();
            }
            first.property.max_length = longest;
        }
    }
    merged
}

/// The attributes of groups: those of the schema, and those that groups from a directory have in addition.
pub(crate) fn of_groups(schema: &Schema, options: &MappingOptions) -> BTreeMap<String, Merged> {
    let mut merged = merge(std::iter::once(schema), options);
    for (name, property) in directory::beside(schema) {
        let added = Merged { property: property.clone(), base: false, conflict: false, list: false };
        merged.insert(name.to_owned(), added);
    }
    merged
}

/// The maximum length of a value as text in characters, if it's known.
fn longest(property: &SchemaProperty) -> Option<u64> {
    const SHORT: u64 = 64;
    match (&property.kind, property.format.as_deref()) {
        (PropertyType::Array, _) => None,
        _ if !property.enum_values.is_empty() || !property.one_of.is_empty() => Some(TEXT_LIMIT as u64),
        (PropertyType::Boolean | PropertyType::Integer | PropertyType::Number, _) => Some(SHORT),
        _ if property.max_length.is_some() => property.max_length,
        (_, Some("date-time" | "country-code" | "language-code" | "locale" | "timezone")) => Some(SHORT),
        (_, Some("email")) => Some(TEXT_LIMIT as u64),
        _ => None,
    }
}

/// The shape that a schema calls for. Okta limits none but a few of its `base` attributes, and all of them are short by
/// nature: names, titles, and parts of addresses. A custom attribute without a limit can be anything.
fn natural(property: &SchemaProperty, base: bool, options: &MappingOptions) -> Shape {
    let limited_to = !property.enum_values.is_empty() || !property.one_of.is_empty();
    match (&property.kind, property.format.as_deref()) {
        (PropertyType::Array, _) if options.array_format == ArrayFormat::Select => {
            Shape { kind: AttributeType::Select, many: true }
        }
        (PropertyType::Array, _) => Shape::one(AttributeType::Textarea),
        _ if limited_to && options.enum_format == EnumFormat::Select => Shape::one(AttributeType::Select),
        // Allowed values may be numbers and text side by side.
        _ if limited_to => Shape::one(AttributeType::Text),
        (PropertyType::Boolean, _) => Shape::one(AttributeType::Boolean),
        (PropertyType::Integer, _) => Shape::one(AttributeType::Integer),
        (PropertyType::Number, _) => Shape::one(AttributeType::Double),
        (PropertyType::String, Some("email")) => Shape::one(AttributeType::Email),
        (PropertyType::String, Some("uri")) => Shape::one(AttributeType::Url),
        (PropertyType::String, Some("date-time")) => Shape::one(AttributeType::DateTime),
        (PropertyType::String, _) => match longest(property) {
            Some(length) if length <= TEXT_LIMIT as u64 => Shape::one(AttributeType::Text),
            None if base => Shape::one(AttributeType::Text),
            _ => Shape::one(AttributeType::Textarea),
        },
        _ => Shape::one(AttributeType::Text),
    }
}
