//! The comparison of one object type in Assets with the required one.

use std::collections::{BTreeSet, HashMap};

use insight_import_client::document::{Attribute, ObjectType, ObjectTypeMapping};

use super::correction::Correction;
use super::drift::{Drift, DriftKind};
use super::planned::{Planned, end};
use super::summary::Evolution;
use crate::attribute_type::holds;
use crate::names::{Names, is_form_of};

/// A type that Assets does not have.
pub(super) fn missing<'d>(
    want: &'d ObjectType,
    was_mapped: bool,
    type_names: &mut Names,
    evolution: &mut Evolution,
) -> Planned<'d> {
    // Assets would reject a type with the same name and another external ID.
    let name = type_names.take(&want.name, prefix(want));
    let mut note = |kind| {
        evolution.drift.push(Drift { object_type: name.clone(), attribute: None, kind });
    };
    if was_mapped {
        note(DriftKind::RemovedInAssets);
    }
    if name != want.name {
        note(DriftKind::NameTaken { wanted: want.name.clone() });
    }
    evolution.added_types.push(name.clone());
    let names =
        want.attributes.iter().filter_map(|a| Some((a.external_id.as_deref()?, a.name.clone()))).collect();
    Planned { want, have: None, name, names, added: want.attributes.clone() }
}

/// An existing type in Assets: records the differences, and determines the additions.
pub(super) fn with_present<'d>(
    have: &'d ObjectType,
    want: &'d ObjectType,
    mapped: Option<&ObjectTypeMapping>,
    present_types: &[&ObjectType],
    evolution: &mut Evolution,
) -> Planned<'d> {
    let drift = |attribute: Option<&str>, kind| Drift {
        object_type: have.name.clone(),
        attribute: attribute.map(str::to_owned),
        kind,
    };
    if !is_form_of(&have.name, &want.name, prefix(want)) {
        evolution.drift.push(drift(None, DriftKind::Renamed { wanted: want.name.clone() }));
    }
    let present: HashMap<&str, &Attribute> =
        have.attributes.iter().filter_map(|a| Some((a.external_id.as_deref()?, a))).collect();
    let mut free = Names::in_use(have.attributes.iter().map(|a| a.name.as_str()));
    let mut names = HashMap::new();
    let mut added = Vec::new();
    for attribute in &want.attributes {
        let id = attribute.external_id.as_deref().unwrap_or_default();
        let Some(&there) = present.get(id) else {
            let mut attribute = attribute.clone();
            // An administrator, or an older title, may hold the name.
            let name = free.take(&attribute.name, end(id));
            let mut note = |kind| evolution.drift.push(drift(Some(&name), kind));
            if mapped.is_some_and(|m| {
                m.attributes_mapping.iter().any(|f| f.attribute_external_id.as_deref() == Some(id))
            }) {
                note(DriftKind::RemovedInAssets);
            }
            if name != attribute.name {
                note(DriftKind::NameTaken { wanted: attribute.name.clone() });
            }
            // Exactly one attribute can be the label.
            if attribute.label == Some(true) && have.attributes.iter().any(|a| a.label == Some(true)) {
                attribute.label = None;
                note(DriftKind::Label);
            }
            evolution.added_attributes.push(format!("{}: {name}", have.name));
            attribute.name.clone_from(&name);
            names.insert(id, name);
            added.push(attribute);
            continue;
        };
        names.insert(id, there.name.clone());
        let kinds = differences(there, attribute, present_types);
        let correction = correct(have, there, &kinds, &mut free);
        evolution.drift.extend(kinds.into_iter().map(|kind| drift(Some(&there.name), kind)));
        evolution.corrections.extend(correction);
    }
    let wanted: BTreeSet<&str> = want.attributes.iter().filter_map(|a| a.external_id.as_deref()).collect();
    let unwanted = have.attributes.iter().filter(|a| {
        a.external_id.as_deref().is_some_and(|id| is_ours(id, prefix(want)) && !wanted.contains(id))
    });
    evolution.drift.extend(unwanted.map(|a| drift(Some(&a.name), DriftKind::RemovedInOkta)));
    Planned { want, have: Some(have), name: have.name.clone(), names, added }
}

/// Managed types that are no longer wanted.
pub(super) fn unwanted_types(present: &[&ObjectType], planned: &[Planned<'_>], evolution: &mut Evolution) {
    let Some(prefix) = planned.first().map(|p| prefix(p.want)) else { return };
    let is_wanted = |t: &ObjectType| planned.iter().any(|p| p.want.external_id == t.external_id);
    for object_type in present {
        if object_type.external_id.as_deref().is_some_and(|id| is_ours(id, prefix)) && !is_wanted(object_type)
        {
            let object_type = object_type.name.clone();
            evolution.drift.push(Drift { object_type, attribute: None, kind: DriftKind::RemovedInOkta });
        }
    }
}

pub(crate) fn differences(have: &Attribute, want: &Attribute, types: &[&ObjectType]) -> Vec<DriftKind> {
    let mut kinds = Vec::new();
    let id = want.external_id.as_deref().unwrap_or_default();
    if !is_form_of(&have.name, &want.name, end(id)) {
        kinds.push(DriftKind::Renamed { wanted: want.name.clone() });
    }
    if have.kind == want.kind {
        kinds.extend(retargeted(have, want, types));
        kinds.extend(cardinality(have, want));
    } else {
        let compatible = holds(&have.kind, &want.kind);
        let (present, wanted) = (have.kind.clone(), want.kind.clone());
        kinds.push(DriftKind::Retyped { present, wanted, compatible });
    }
    if have.minimum_cardinality.unwrap_or_default() > want.minimum_cardinality.unwrap_or_default() {
        kinds.push(DriftKind::Required);
    }
    if want.label == Some(true) && have.label != Some(true) {
        kinds.push(DriftKind::Label);
    }
    let unique = want.unique == Some(true);
    if unique != (have.unique == Some(true)) {
        kinds.push(DriftKind::Unique { wanted: unique });
    }
    // An empty list permits every status.
    if let (Some(allowed), Some(wanted)) = (&have.type_values, &want.type_values) {
        let missing: Vec<String> = wanted.iter().filter(|s| !allowed.contains(s)).cloned().collect();
        if !allowed.is_empty() && !missing.is_empty() {
            kinds.push(DriftKind::Statuses { missing });
        }
    }
    kinds
}

/// Assets may show the target by id or by name.
fn retargeted(have: &Attribute, want: &Attribute, types: &[&ObjectType]) -> Option<DriftKind> {
    let wanted = want.reference_object_type_external_id.as_ref()?;
    let by_name = || {
        let name = have.reference_object_type_name.as_ref()?;
        let target = types.iter().find(|t| t.name == *name).and_then(|t| t.external_id.clone());
        Some(target.unwrap_or_else(|| name.clone()))
    };
    let present = have.reference_object_type_external_id.clone().or_else(by_name)?;
    (present != *wanted).then(|| DriftKind::Retargeted { present, wanted: wanted.clone() })
}

/// Taking more values than needed is no harm.
fn cardinality(have: &Attribute, want: &Attribute) -> Option<DriftKind> {
    let maximum = |a: &Attribute| a.maximum_cardinality.unwrap_or(1);
    let rank = |maximum: i32| if maximum < 0 { i32::MAX } else { maximum };
    let (present, wanted) = (maximum(have), maximum(want));
    (rank(present) < rank(wanted)).then_some(DriftKind::Cardinality { present, wanted })
}

/// The differences that can be fixed over REST.
fn correct(
    object_type: &ObjectType,
    attribute: &Attribute,
    kinds: &[DriftKind],
    free: &mut Names,
) -> Option<Correction> {
    let external_id = attribute.external_id.clone()?;
    let rename_to = kinds.iter().find_map(|kind| match kind {
        // The name may be in use, even by an attribute that is about to be renamed.
        DriftKind::Renamed { wanted } => Some(free.take(wanted, end(&external_id))),
        _ => None,
    });
    let maximum_cardinality = kinds.iter().find_map(|kind| match kind {
        DriftKind::Cardinality { wanted, .. } => Some(*wanted),
        _ => None,
    });
    (rename_to.is_some() || maximum_cardinality.is_some()).then(|| Correction {
        object_type: object_type.name.clone(),
        object_type_external_id: object_type.external_id.clone().unwrap_or_default(),
        attribute: attribute.name.clone(),
        external_id,
        rename_to,
        maximum_cardinality,
    })
}

fn prefix(object_type: &ObjectType) -> &str {
    object_type.external_id.as_deref().and_then(|id| id.split('/').next()).unwrap_or_default()
}

fn is_ours(external_id: &str, prefix: &str) -> bool {
    external_id.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'))
}
