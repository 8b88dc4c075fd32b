//! Assets, as far as documents go: what it shows, what a patch makes of it, and what administrators do to it.

use insight_import_client::document::{Attribute, AttributeType, ObjectType, SchemaAndMapping};
use schema_mapper::evolution::Correction;
use serde_json::json;

/// What Assets shows after taking a document: with its own system attribute, and an empty icon schema.
pub fn shown(document: &SchemaAndMapping) -> SchemaAndMapping {
    let mut shown = json!(document);
    for object_type in shown["schema"]["objectSchema"]["objectTypes"].as_array_mut().unwrap() {
        let key = json!({"name": "Key", "description": "", "type": "text", "label": false});
        object_type["attributes"].as_array_mut().unwrap().insert(0, key);
        object_type["inheritance"] = false.into();
    }
    shown["schema"]["iconSchema"] = json!({"icons": []});
    serde_json::from_value(shown).unwrap()
}

/// A document with what a patch adds, after checking what Assets checks.
pub fn patched(current: &SchemaAndMapping, patch: &SchemaAndMapping) -> SchemaAndMapping {
    super::conforms(patch);
    assert!(patch.schema.icon_schema.is_none(), "an icon schema would be refused");
    let sent_types = &patch.schema.object_schema.object_types;
    let mut next = current.clone();
    for sent in sent_types {
        for attribute in &sent.attributes {
            let target = &attribute.reference_object_type_external_id;
            assert!(
                target.is_none() || sent_types.iter().any(|t| t.external_id == *target),
                "UNKNOWN_REFERENCE"
            );
            assert!(
                !["Key", "Created", "Updated"].contains(&attribute.name.as_str()),
                "a system attribute is sent"
            );
            assert!(
                attribute.type_values.is_none() || patch.schema.status_schema.is_some(),
                "statuses are not declared"
            );
        }
        let types = &mut next.schema.object_schema.object_types;
        assert!(
            !types.iter().any(|t| t.name == sent.name && t.external_id != sent.external_id),
            "EXTERNAL_ID_MISMATCH: {}",
            sent.name
        );
        let Some(present) = types.iter_mut().find(|t| t.external_id == sent.external_id) else {
            types.push(sent.clone());
            continue;
        };
        assert_eq!(
            (&present.name, &present.description),
            (&sent.name, &sent.description),
            "a type cannot change"
        );
        for attribute in &sent.attributes {
            let same_id = present.attributes.iter().any(|a| a.external_id == attribute.external_id);
            assert!(
                !same_id,
                "REFERENCED_OBJECT_TYPE_CHANGED, or sent again for nothing: {}",
                attribute.name
            );
            let same_name =
                present.attributes.iter().any(|a| a.name.to_lowercase() == attribute.name.to_lowercase());
            assert!(!same_name, "the name is taken: {}", attribute.name);
            present.attributes.push(attribute.clone());
        }
    }
    for sent in &patch.mapping.object_type_mappings {
        let types = &next.schema.object_schema.object_types;
        let object_type = types.iter().find(|t| t.external_id == sent.object_type_external_id).unwrap();
        assert_eq!(object_type.name, sent.object_type_name);
        for field in &sent.attributes_mapping {
            let attribute =
                object_type.attributes.iter().find(|a| a.external_id == field.attribute_external_id);
            let attribute =
                attribute.unwrap_or_else(|| panic!("MAPPING_INVALID_EXTERNAL_ID: {}", field.attribute_name));
            assert_eq!(attribute.name, field.attribute_name, "the name in the mapping differs");
        }
        let mappings = &mut next.mapping.object_type_mappings;
        mappings.retain(|m| m.object_type_external_id != sent.object_type_external_id);
        mappings.push(sent.clone());
    }
    for object_type in &next.schema.object_schema.object_types {
        let labels = object_type.attributes.iter().filter(|a| a.label == Some(true)).count();
        assert!(labels <= 1, "{} has {labels} labels", object_type.name);
    }
    next
}

/// What the REST update of attributes makes of it.
pub fn corrected(current: &SchemaAndMapping, corrections: &[Correction]) -> SchemaAndMapping {
    let mut next = current.clone();
    for correction in corrections {
        let attributes = &mut type_of(&mut next, &correction.object_type).attributes;
        if let Some(name) = &correction.rename_to {
            let taken = attributes.iter().any(|a| a.name.to_lowercase() == name.to_lowercase());
            assert!(!taken, "the name is taken: {name}");
        }
        let attribute =
            attributes.iter_mut().find(|a| a.external_id.as_ref() == Some(&correction.external_id)).unwrap();
        assert_eq!(attribute.name, correction.attribute);
        if let Some(name) = &correction.rename_to {
            attribute.name.clone_from(name);
        }
        attribute.maximum_cardinality = correction.maximum_cardinality.or(attribute.maximum_cardinality);
    }
    next
}

pub fn type_of<'d>(document: &'d mut SchemaAndMapping, name: &str) -> &'d mut ObjectType {
    document.schema.object_schema.object_types.iter_mut().find(|t| t.name == name).unwrap()
}

pub fn attribute_of<'d>(
    document: &'d mut SchemaAndMapping,
    object_type: &str,
    name: &str,
) -> &'d mut Attribute {
    type_of(document, object_type).attributes.iter_mut().find(|a| a.name == name).unwrap()
}

/// An attribute that an administrator has made.
pub fn by_hand(name: &str) -> Attribute {
    Attribute::new(format!("cmdb::externalId/{name}"), name, AttributeType::Text)
}

/// Something that an administrator does in Assets, to whichever object type and attribute the numbers lead to.
#[derive(Debug, Clone)]
pub enum AssetsAction {
    Rename(usize, usize, String),
    Delete(usize, usize),
    DeleteType(usize),
    RenameType(usize, String),
    MakeByHand(usize, String),
    /// With the name of an attribute that is there, once it is deleted.
    Replace(usize, usize),
    Limit(usize, usize),
}

impl AssetsAction {
    pub fn on(&self, document: &mut SchemaAndMapping) {
        let types = &mut document.schema.object_schema.object_types;
        if types.is_empty() {
            return;
        }
        let count = types.len();
        let (Self::Rename(t, ..)
        | Self::Delete(t, _)
        | Self::DeleteType(t)
        | Self::RenameType(t, _)
        | Self::MakeByHand(t, _)
        | Self::Replace(t, _)
        | Self::Limit(t, _)) = self;
        let at = t % count;
        let names = |types: &[ObjectType]| -> Vec<String> {
            types[at].attributes.iter().map(|a| a.name.to_lowercase()).collect()
        };
        match self {
            Self::DeleteType(_) => {
                types.remove(at);
            }
            Self::RenameType(_, name) => {
                if !types.iter().any(|t| t.name.to_lowercase() == name.to_lowercase()) {
                    types[at].name.clone_from(name);
                }
            }
            Self::MakeByHand(_, name) => {
                if !names(types).contains(&name.to_lowercase()) {
                    types[at].attributes.push(by_hand(name));
                }
            }
            Self::Rename(_, a, name) => {
                let taken = names(types).contains(&name.to_lowercase());
                let len = types[at].attributes.len();
                if len > 0 && !taken {
                    types[at].attributes[a % len].name.clone_from(name);
                }
            }
            Self::Delete(_, a) | Self::Replace(_, a) | Self::Limit(_, a) => {
                let len = types[at].attributes.len();
                if len == 0 {
                    return;
                }
                if matches!(self, Self::Limit(..)) {
                    types[at].attributes[a % len].maximum_cardinality = Some(1);
                    return;
                }
                let gone = types[at].attributes.remove(a % len);
                if matches!(self, Self::Replace(..)) {
                    types[at].attributes.push(by_hand(&gone.name));
                }
            }
        }
    }
}
