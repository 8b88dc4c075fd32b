//! The change from the document in Assets to the required one.
//!
//! A mapping can only be extended: types and attributes can be added, but not renamed, retyped, retargeted, or deleted. A
//! changed object type is submitted with its complete mapping. Items with the same external ID are the same, whatever
//! their names are.
//! <https://developer.atlassian.com/cloud/assets/imports-rest-api-guide/schema-and-mapping/>
//!
//! Descriptions are set once and not compared.

mod compare;
mod correction;
mod drift;
mod fields;
mod planned;
mod summary;

use std::collections::{BTreeSet, HashMap};

use insight_import_client::document::{
    Mapping, ObjectSchema, ObjectType, ObjectTypeMapping, SchemaAndMapping, SchemaDefinition,
};

pub(crate) use compare::differences;
pub use correction::Correction;
pub use drift::{Drift, DriftKind};
pub use summary::Evolution;

use crate::names::Names;
use planned::Planned;

/// Compares the document in Assets with the wanted one, which is [`Mapping::document`](crate::Mapping::document).
///
/// Applying the patch and comparing again yields no patch.
pub fn plan(current: &SchemaAndMapping, wanted: &SchemaAndMapping) -> Evolution {
    let mut evolution = Evolution::default();
    let present = all_types(&current.schema.object_schema.object_types);
    let mut type_names = Names::in_use(present.iter().map(|t| t.name.as_str()));
    let planned: Vec<Planned<'_>> = wanted
        .schema
        .object_schema
        .object_types
        .iter()
        .map(|want| {
            let have = present.iter().find(|have| have.external_id == want.external_id).copied();
            let was_mapped = mapping_of(current, want);
            match have {
                Some(have) => compare::with_present(have, want, was_mapped, &present, &mut evolution),
                None => compare::missing(want, was_mapped.is_some(), &mut type_names, &mut evolution),
            }
        })
        .collect();
    compare::unwanted_types(&present, &planned, &mut evolution);
    let names: HashMap<&str, &str> =
        planned.iter().flat_map(|p| p.names.iter().map(|(id, name)| (*id, name.as_str()))).collect();
    let mut types = Vec::new();
    let mut mappings = Vec::new();
    for plan in &planned {
        let Some(want) = mapping_of(wanted, plan.want) else { continue };
        let have = mapping_of(current, plan.want);
        let complete = fields::complete(plan, want, have, &planned, &names);
        if let Some(present) = plan.have {
            let id = plan.want.external_id.clone().unwrap_or_default();
            let astray = fields::astray(have, &complete, present, &plan.added);
            evolution.astray.extend(astray.into_iter().map(|attribute| (id.clone(), attribute)));
        }
        let remapped = plan.have.is_none_or(|t| have.is_none_or(|have| !fields::same(have, &complete, t)));
        if plan.added.is_empty() && !remapped {
            continue;
        }
        types.push(ObjectType {
            name: plan.name.clone(),
            attributes: plan.added.clone(),
            ..bare(plan.have.unwrap_or(plan.want))
        });
        mappings.push(complete);
    }
    if !types.is_empty() {
        add_bare_targets(&mut types, &present);
        evolution.patch = Some(patch(current, wanted, types, mappings));
    }
    evolution
}

fn patch(
    current: &SchemaAndMapping,
    wanted: &SchemaAndMapping,
    types: Vec<ObjectType>,
    mappings: Vec<ObjectTypeMapping>,
) -> SchemaAndMapping {
    let needs_statuses = types.iter().flat_map(|t| &t.attributes).any(|a| a.type_values.is_some());
    SchemaAndMapping {
        schema_url: wanted.schema_url.clone(),
        schema: SchemaDefinition {
            object_schema: ObjectSchema {
                name: current.schema.object_schema.name.clone(),
                description: current.schema.object_schema.description.clone(),
                object_types: types,
            },
            // Assets returns an empty list but rejects it.
            icon_schema: None,
            status_schema: wanted.schema.status_schema.clone().filter(|_| needs_statuses),
        },
        mapping: Mapping { object_type_mappings: mappings },
    }
}

/// The required fields of an existing type: its name, description, and external ID, which must stay as they are.
fn bare(object_type: &ObjectType) -> ObjectType {
    ObjectType {
        external_id: object_type.external_id.clone(),
        name: object_type.name.clone(),
        description: object_type.description.clone(),
        attributes: Vec::new(),
        children: Vec::new(),
        rest: serde_json::Map::new(),
    }
}

/// A reference must lead to a type of the document, but a type that exists must not be submitted with attributes again.
fn add_bare_targets(types: &mut Vec<ObjectType>, present: &[&ObjectType]) {
    let mentioned: BTreeSet<String> = types.iter().filter_map(|t| t.external_id.clone()).collect();
    let targets: BTreeSet<String> = types
        .iter()
        .flat_map(|t| &t.attributes)
        .filter_map(|a| a.reference_object_type_external_id.clone())
        .filter(|target| !mentioned.contains(target))
        .collect();
    let is_target = |t: &&&ObjectType| t.external_id.as_ref().is_some_and(|id| targets.contains(id));
    types.extend(present.iter().filter(is_target).map(|t| bare(t)));
}

/// The object types of a document, those below others included.
pub fn all_types(types: &[ObjectType]) -> Vec<&ObjectType> {
    types.iter().flat_map(|t| std::iter::once(t).chain(all_types(&t.children))).collect()
}

fn mapping_of<'d>(document: &'d SchemaAndMapping, object_type: &ObjectType) -> Option<&'d ObjectTypeMapping> {
    let mappings = &document.mapping.object_type_mappings;
    mappings.iter().find(|m| m.object_type_external_id == object_type.external_id)
}
