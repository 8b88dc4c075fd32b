//! From the document in Assets to the wanted one.
//!
//! A mapping can be extended and not much else: types and attributes can be added, not renamed, retyped, retargeted or
//! deleted. What is touched is submitted with the complete mapping of its object type.
//! <https://developer.atlassian.com/cloud/assets/imports-rest-api-guide/schema-and-mapping/>

use std::collections::{BTreeSet, HashMap};

use insight_import_client::document::{
    Attribute, AttributeMapping, Mapping, ObjectSchema, ObjectType, ObjectTypeMapping, SchemaAndMapping,
    SchemaDefinition,
};

/// What separates two documents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evolution {
    /// The smallest change that adds what is missing; `None` when nothing is.
    pub patch: Option<SchemaAndMapping>,
    /// Object types that are missing.
    pub added_types: Vec<String>,
    /// Attributes that are missing from types that exist, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// Attributes that should take any number of values and do not, as `type: attribute`.
    pub limited: Vec<String>,
    /// What cannot be changed this way, in words, each with its remedy.
    pub drift: Vec<String>,
}

/// Compares. Object types and attributes are the same when their external ids are.
pub fn plan(current: &SchemaAndMapping, wanted: &SchemaAndMapping) -> Evolution {
    let mut evolution = Evolution::default();
    let mut types: Vec<ObjectType> = Vec::new();
    let mut mappings: Vec<ObjectTypeMapping> = Vec::new();
    let current_types =
        by_id(flatten(&current.schema.object_schema.object_types), |t| t.external_id.as_deref());
    for want in &wanted.schema.object_schema.object_types {
        let id = want.external_id.as_deref().unwrap_or_default();
        let want_mapping = mapping_of(wanted, id);
        let Some(have) = current_types.get(id) else {
            evolution.added_types.push(want.name.clone());
            types.push(want.clone());
            mappings.extend(want_mapping.cloned());
            continue;
        };
        let added = compare_type(have, want, &mut evolution);
        let merged = want_mapping.map(|m| merged_mapping(mapping_of(current, id), m, have));
        let remap = merged.filter(|merged| mapping_of(current, id).is_none_or(|m| !same_mapping(m, merged)));
        if added.is_empty() && remap.is_none() {
            continue;
        }
        // Name and description of what exists are required by the format, and must be as they are.
        types.push(ObjectType { attributes: added, children: Vec::new(), ..(*have).clone() });
        mappings
            .extend(remap.or_else(|| want_mapping.map(|m| merged_mapping(mapping_of(current, id), m, have))));
    }
    if !types.is_empty() {
        add_bare_targets(&mut types, &current_types);
        let needs_statuses = types.iter().flat_map(|t| &t.attributes).any(|a| a.type_values.is_some());
        evolution.patch = Some(SchemaAndMapping {
            schema_url: wanted.schema_url.clone(),
            schema: SchemaDefinition {
                object_schema: ObjectSchema {
                    name: current.schema.object_schema.name.clone(),
                    description: current.schema.object_schema.description.clone(),
                    object_types: types,
                },
                // An empty one, as Assets shows it, is refused.
                icon_schema: None,
                status_schema: if needs_statuses { wanted.schema.status_schema.clone() } else { None },
            },
            mapping: Mapping { object_type_mappings: mappings },
        });
    }
    evolution
}

/// Notes what differs in a type, and gives the attributes that it lacks.
fn compare_type(have: &ObjectType, want: &ObjectType, evolution: &mut Evolution) -> Vec<Attribute> {
    let present = by_id(have.attributes.iter(), |a| a.external_id.as_deref());
    let mut taken: BTreeSet<String> = have.attributes.iter().map(|a| a.name.to_lowercase()).collect();
    let place = |name: &str| format!("{}: {name}", have.name);
    let mut added = Vec::new();
    for attribute in &want.attributes {
        let id = attribute.external_id.as_deref().unwrap_or_default();
        let Some(have) = present.get(id) else {
            let mut attribute = attribute.clone();
            // An administrator, or an older title, may hold the name.
            if !taken.insert(attribute.name.to_lowercase()) {
                attribute.name = format!("{} ({})", attribute.name, id.rsplit('/').next().unwrap_or(id));
                taken.insert(attribute.name.to_lowercase());
            }
            evolution.added_attributes.push(place(&attribute.name));
            added.push(attribute);
            continue;
        };
        if have.kind != attribute.kind {
            evolution.drift.push(format!(
                "{} is of type {} in Assets and would be {} by Okta's schema; delete it in Assets to have it made anew",
                place(&have.name),
                have.kind.as_str(),
                attribute.kind.as_str()
            ));
        }
        if have.name != attribute.name {
            evolution.drift.push(format!(
                "{} is called \"{}\" in Okta; rename it in Assets if you like, nothing depends on it",
                place(&have.name),
                attribute.name
            ));
        }
        if attribute.maximum_cardinality == Some(-1) && have.maximum_cardinality != Some(-1) {
            evolution.limited.push(place(&have.name));
            evolution.drift.push(format!(
                "{} takes a limited number of values; in Assets, open the object type's attributes and set the \
                 cardinality of \"{}\" to Unlimited",
                place(&have.name),
                have.name
            ));
        }
    }
    let wanted = by_id(want.attributes.iter(), |a| a.external_id.as_deref());
    let prefix =
        want.attributes.first().and_then(|a| a.external_id.as_deref()).and_then(|id| id.split('/').next());
    for attribute in &have.attributes {
        let id = attribute.external_id.as_deref().unwrap_or_default();
        let ours =
            prefix.is_some_and(|prefix| id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/')));
        if ours && !wanted.contains_key(id) {
            evolution.drift.push(format!(
                "{} is not in Okta's schema any more, or excluded; it keeps its values until you delete it in Assets",
                place(&attribute.name)
            ));
        }
    }
    added
}

/// The complete mapping of a type: the wanted fields under the names that attributes have in Assets, and whatever else
/// is mapped there.
fn merged_mapping(
    have: Option<&ObjectTypeMapping>,
    want: &ObjectTypeMapping,
    have_type: &ObjectType,
) -> ObjectTypeMapping {
    let names = by_id(have_type.attributes.iter(), |a| a.external_id.as_deref());
    let mut fields: Vec<AttributeMapping> = want
        .attributes_mapping
        .iter()
        .map(|field| {
            let mut field = field.clone();
            if let Some(present) = field.attribute_external_id.as_deref().and_then(|id| names.get(id)) {
                field.attribute_name.clone_from(&present.name);
            }
            field
        })
        .collect();
    let wanted: BTreeSet<Option<String>> = fields.iter().map(|f| f.attribute_external_id.clone()).collect();
    let others = have.map(|m| m.attributes_mapping.as_slice()).unwrap_or_default();
    fields.extend(others.iter().filter(|f| !wanted.contains(&f.attribute_external_id)).cloned());
    ObjectTypeMapping { attributes_mapping: fields, object_type_name: have_type.name.clone(), ..want.clone() }
}

fn same_mapping(have: &ObjectTypeMapping, want: &ObjectTypeMapping) -> bool {
    let essence = |m: &ObjectTypeMapping| {
        let mut fields: Vec<_> = m
            .attributes_mapping
            .iter()
            .map(|f| {
                let part = f.external_id_part.unwrap_or_default();
                (
                    f.attribute_external_id.clone(),
                    f.attribute_locators.clone(),
                    part,
                    f.object_mapping_iql.clone(),
                )
            })
            .collect();
        fields.sort();
        (m.selector.clone(), fields)
    };
    essence(have) == essence(want)
}

/// A reference must lead to a type of the document, but a type that exists must not be submitted with attributes again.
fn add_bare_targets(types: &mut Vec<ObjectType>, current: &HashMap<&str, &ObjectType>) {
    let present: BTreeSet<String> = types.iter().filter_map(|t| t.external_id.clone()).collect();
    let targets: BTreeSet<String> = types
        .iter()
        .flat_map(|t| &t.attributes)
        .filter_map(|a| a.reference_object_type_external_id.clone())
        .filter(|target| !present.contains(target))
        .collect();
    for target in targets {
        if let Some(have) = current.get(target.as_str()) {
            types.push(ObjectType { attributes: Vec::new(), children: Vec::new(), ..(*have).clone() });
        }
    }
}

fn flatten(types: &[ObjectType]) -> Vec<&ObjectType> {
    types.iter().flat_map(|t| std::iter::once(t).chain(flatten(&t.children))).collect()
}

fn mapping_of<'d>(document: &'d SchemaAndMapping, type_id: &str) -> Option<&'d ObjectTypeMapping> {
    document
        .mapping
        .object_type_mappings
        .iter()
        .find(|m| m.object_type_external_id.as_deref() == Some(type_id))
}

fn by_id<'i, T: 'i>(
    items: impl IntoIterator<Item = &'i T>,
    id: impl Fn(&'i T) -> Option<&'i str>,
) -> HashMap<&'i str, &'i T> {
    items.into_iter().filter_map(|item| Some((id(item)?, item))).collect()
}
