//! The complete mapping of an object type: a patch replaces it as a whole.

use std::collections::{BTreeSet, HashMap};

use insight_import_client::document::{Attribute, AttributeMapping, ObjectType, ObjectTypeMapping};

use super::planned::Planned;
use crate::names::{is_system, quoted};

/// The wanted fields under the names of their attributes in Assets, and the other mapped fields.
pub(super) fn complete(
    plan: &Planned<'_>,
    want: &ObjectTypeMapping,
    have: Option<&ObjectTypeMapping>,
    planned: &[Planned<'_>],
    names: &HashMap<&str, &str>,
) -> ObjectTypeMapping {
    let mut fields: Vec<AttributeMapping> = want
        .attributes_mapping
        .iter()
        .map(|field| {
            let mut field = field.clone();
            let id = field.attribute_external_id.as_deref().unwrap_or_default();
            let query =
                field.object_mapping_iql.as_deref().map(|iql| requoted(iql, id, plan, planned, names));
            if let Some(name) = plan.names.get(id) {
                field.attribute_name.clone_from(name);
            }
            field.object_mapping_iql = query;
            field
        })
        .collect();
    if let (Some(have), Some(present)) = (have, plan.have) {
        let wanted: BTreeSet<String> =
            fields.iter().filter_map(|f| f.attribute_external_id.clone()).collect();
        fields.extend(others(have, present, &wanted));
    }
    ObjectTypeMapping { attributes_mapping: fields, object_type_name: plan.name.clone(), ..want.clone() }
}

/// True if two mappings of a type have the same effect. Fields that no patch would repeat don't count.
pub(super) fn same(have: &ObjectTypeMapping, complete: &ObjectTypeMapping, object_type: &ObjectType) -> bool {
    let submitted: BTreeSet<String> =
        complete.attributes_mapping.iter().filter_map(|f| f.attribute_external_id.clone()).collect();
    let essence = |mapping: &ObjectTypeMapping| {
        let mut fields: Vec<_> = mapping
            .attributes_mapping
            .iter()
            .filter_map(|f| {
                let id = id_of(f, object_type).filter(|id| submitted.contains(id))?;
                let identity = f.external_id_part.unwrap_or_default();
                let locators = f.attribute_locators.clone();
                Some((id, f.attribute_name.clone(), locators, identity, f.object_mapping_iql.clone()))
            })
            .collect();
        fields.sort();
        (mapping.selector.clone(), mapping.object_type_name.clone(), fields)
    };
    essence(have) == essence(complete)
}

/// The attributes of a type that Assets has and that `have` does not fill as `complete` does, by external ID.
pub(super) fn astray(
    have: Option<&ObjectTypeMapping>,
    complete: &ObjectTypeMapping,
    object_type: &ObjectType,
    added: &[Attribute],
) -> Vec<String> {
    let wanted = complete.attributes_mapping.iter();
    wanted
        .filter_map(|field| {
            let id = id_of(field, object_type)?;
            if added.iter().any(|a| a.external_id.as_ref() == Some(&id)) {
                return None;
            }
            let present = have.and_then(|have| {
                have.attributes_mapping.iter().find(|f| id_of(f, object_type).as_ref() == Some(&id))
            });
            let is_same = present.is_some_and(|present| {
                present.attribute_name == field.attribute_name
                    && present.attribute_locators == field.attribute_locators
                    && present.external_id_part.unwrap_or_default()
                        == field.external_id_part.unwrap_or_default()
                    && present.object_mapping_iql == field.object_mapping_iql
            });
            (!is_same).then_some(id)
        })
        .collect()
}

/// Fields that are mapped in Assets independently of this mapping, as long as they have an attribute.
fn others<'h>(
    have: &'h ObjectTypeMapping,
    present: &'h ObjectType,
    wanted: &'h BTreeSet<String>,
) -> impl Iterator<Item = AttributeMapping> + 'h {
    have.attributes_mapping.iter().filter_map(move |field| {
        let id = id_of(field, present).filter(|id| !wanted.contains(id))?;
        let attribute = present.attributes.iter().find(|a| a.external_id.as_ref() == Some(&id))?;
        (!is_system(&attribute.name)).then(|| AttributeMapping {
            attribute_external_id: Some(id),
            attribute_name: attribute.name.clone(),
            ..field.clone()
        })
    })
}

/// The attribute that a field is for; Assets may show its name only.
fn id_of(field: &AttributeMapping, object_type: &ObjectType) -> Option<String> {
    let by_name =
        || object_type.attributes.iter().find(|a| a.name == field.attribute_name)?.external_id.clone();
    field.attribute_external_id.clone().or_else(by_name)
}

/// The search for a referenced object under the name that the attribute it searches by has in Assets. Our own documents
/// have no quotes in names, so the first pair encloses it.
fn requoted(
    iql: &str,
    reference: &str,
    plan: &Planned<'_>,
    planned: &[Planned<'_>],
    names: &HashMap<&str, &str>,
) -> String {
    let name = || {
        let (wanted, rest) = iql.strip_prefix('"')?.split_once('"')?;
        let attribute = plan.want.attributes.iter().find(|a| a.external_id.as_deref() == Some(reference))?;
        let target =
            planned.iter().find(|p| p.want.external_id == attribute.reference_object_type_external_id)?;
        let by = target.want.attributes.iter().find(|a| a.name == wanted)?.external_id.as_deref()?;
        Some(format!("{}{rest}", quoted(names.get(by)?)))
    };
    name().unwrap_or_else(|| iql.to_owned())
}
