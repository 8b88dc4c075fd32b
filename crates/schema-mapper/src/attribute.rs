//! One attribute on its way from Okta to Assets.

use std::collections::{BTreeMap, HashSet};

use insight_import_client::document::AttributeType;
use okta_client::model::{PropertyType, SchemaProperty};

use crate::names::{Names, locator};
use crate::{Attributes, MappingOptions, Naming};

/// Text of this many characters fits into a text attribute.
pub(crate) const TEXT_LIMIT: usize = 255;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The immutable id.
    Id,
    /// The status.
    Status,
    /// The name of the user type.
    UserType,
    /// Who manages a group.
    GroupType,
    /// The application that a group comes from.
    SourceApp,
    /// When it was created.
    Created,
    /// When it changed last.
    LastUpdated,
    /// When it signed in last.
    LastLogin,
    /// The groups of a user.
    Groups,
    /// The manager of a user.
    Manager,
    /// A profile attribute.
    Profile(String),
}

/// One attribute on its way from Okta to Assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MappedAttribute {
    /// Where the value comes from.
    pub source: Source,
    /// The attribute's external id.
    pub external_id: String,
    /// Its name in Assets.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its type in Assets.
    pub kind: AttributeType,
    /// The field of a record that carries it.
    pub locator: String,
}

/// An attribute of ours: source, end of the external id, name, type, description.
pub(crate) type Own = (Source, &'static str, &'static str, AttributeType, &'static str);

/// Our own attributes, then those of the profile.
pub(crate) fn collect(
    kind: &str,
    own: Vec<Own>,
    properties: &BTreeMap<String, SchemaProperty>,
    choices: &Attributes,
    label: &str,
    options: &MappingOptions,
) -> Vec<MappedAttribute> {
    let prefix = &options.prefix;
    let mut names = Names::default();
    let mut attributes: Vec<MappedAttribute> = own
        .into_iter()
        .map(|(source, end, name, kind_of_value, description)| MappedAttribute {
            source,
            external_id: format!("{prefix}/{kind}/{end}"),
            name: names.take(name, end),
            description: description.to_owned(),
            kind: kind_of_value,
            locator: end.to_owned(),
        })
        .collect();
    let mut locators = HashSet::new();
    let mut ids = HashSet::new();
    for (name, property) in properties {
        // A label is needed whatever the choices say.
        if !choices.wants(name) && name != label {
            continue;
        }
        let wanted = match (choices.rename.get(name), options.naming) {
            (Some(chosen), _) => chosen,
            (None, Naming::Title) => &property.title,
            (None, Naming::Name) => name,
        };
        let mut external_id = format!("{prefix}/{kind}/profile/{name}");
        // Assets compares exactly, administrators do not.
        if !ids.insert(external_id.to_lowercase()) {
            external_id = format!("{external_id}~{}", case_pattern(name));
        }
        attributes.push(MappedAttribute {
            source: Source::Profile(name.clone()),
            external_id,
            name: names.take(wanted, name),
            description: describe(name, property),
            kind: if name == label { AttributeType::Text } else { attribute_type(property) },
            locator: locator(name, &mut locators),
        });
    }
    attributes
}

/// Which letters are capitals, so that case twins have different ids whichever came first.
fn case_pattern(name: &str) -> String {
    name.chars().map(|c| if c.is_uppercase() { '1' } else { '0' }).collect()
}

fn describe(name: &str, property: &SchemaProperty) -> String {
    let words = property.description.as_deref().unwrap_or_default().trim();
    let text = if words.is_empty() { format!("profile.{name}") } else { format!("profile.{name}: {words}") };
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(TEXT_LIMIT).collect()
}

fn attribute_type(property: &SchemaProperty) -> AttributeType {
    match (&property.kind, property.format.as_deref()) {
        (PropertyType::Boolean, _) => AttributeType::Boolean,
        (PropertyType::Integer, _) => AttributeType::Integer,
        (PropertyType::Number, _) => AttributeType::Double,
        (PropertyType::String, Some("email")) => AttributeType::Email,
        (PropertyType::String, Some("uri")) => AttributeType::Url,
        (PropertyType::String, Some("date-time")) => AttributeType::DateTime,
        (PropertyType::String, _) if property.max_length.is_some_and(|n| n > TEXT_LIMIT as u64) => {
            AttributeType::Textarea
        }
        _ => AttributeType::Text,
    }
}

/// The attributes of several schemas as one; where they differ, text holds everything.
pub(crate) fn merge<'s>(
    schemas: impl Iterator<Item = &'s okta_client::model::Schema>,
) -> BTreeMap<String, SchemaProperty> {
    let mut merged: BTreeMap<String, SchemaProperty> = BTreeMap::new();
    for (name, property) in schemas.flat_map(okta_client::model::Schema::properties) {
        if let Some(first) = merged.get_mut(name) {
            if attribute_type(first) != attribute_type(property) {
                first.kind = PropertyType::String;
                first.format = None;
                first.max_length = first.max_length.max(property.max_length);
            }
        } else {
            merged.insert(name.to_owned(), property.clone());
        }
    }
    merged
}
