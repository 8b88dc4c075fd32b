//! What holds of every schema, profile, choice and administrator.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use insight_import_client::document::SchemaAndMapping;
use proptest::prelude::*;
use schema_mapper::{Mapping, evolution};
use serde_json::Value;
use support::assets::{corrected, patched, shown};
use support::generate::{assets_actions, options, properties, value};
use support::orgs::{group_schema, org, schema, user};
use support::{conforms, keeps_the_rules};
use sync_model::{GroupId, ObjectKind, RetireReason};

/// Names by external id.
fn names(document: &SchemaAndMapping) -> BTreeMap<String, String> {
    let attributes = document.schema.object_schema.object_types.iter().flat_map(|t| &t.attributes);
    attributes.filter_map(|a| Some((a.external_id.clone()?, a.name.clone()))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_schema_gives_a_valid_document(
        one in properties(), other in properties(), group in properties(), options in options(),
    ) {
        let org = org(&[schema(&one), schema(&other)], &group_schema(&group));
        let mapping = Mapping::new(&org, &options).unwrap();
        keeps_the_rules(mapping.document());
        conforms(mapping.document());
        let again = Mapping::new(&org, &options).unwrap();
        prop_assert_eq!(mapping.document(), again.document());
        let settled = mapping.fit_to(&shown(mapping.document()));
        prop_assert_eq!(settled.document(), mapping.document());
    }

    #[test]
    fn any_profile_maps_completely_and_deterministically(
        properties in properties(), values in prop::collection::vec(value(), 11), options in options(),
    ) {
        let mapping = Mapping::new(&org(&[schema(&properties)], &group_schema(&Value::default())), &options).unwrap();
        let custom = properties.as_object().unwrap().keys().cloned();
        let all = custom.chain(["employeeNumber", "email", "managerId"].map(str::to_owned));
        let mut profile: serde_json::Map<String, Value> = all.zip(values).collect();
        profile.insert("login".into(), "ada".into());
        let user = user("00u1", &Value::Object(profile));
        let mapped = mapping.user(&user);
        let record = mapping.with_groups(mapped.record.clone(), &[GroupId::new("00g1")]);
        for record in [&mapped.record, &record, &mapping.retire(&record, RetireReason::Deleted)] {
            let fields: BTreeSet<&str> = record.fields.keys().map(String::as_str).collect();
            let wanted: BTreeSet<&str> =
                mapping.attributes(ObjectKind::User).iter().map(|a| a.locator.as_str()).collect();
            prop_assert_eq!(fields, wanted);
        }
        prop_assert_eq!(&mapping.user(&user), &mapped);
        for attribute in mapping.attributes(ObjectKind::User) {
            let value = &mapped.record.fields[&attribute.locator];
            prop_assert_eq!(value.is_array(), attribute.many);
            let long = value.as_str().is_some_and(|text| text.chars().count() > 255);
            prop_assert!(!long || ["textarea", "url", "email"].contains(&attribute.kind.as_str()), "{}", attribute.name);
        }
        let label = mapping.label(ObjectKind::User).unwrap();
        prop_assert!(!mapped.record.fields[&label.locator].as_str().unwrap().trim().is_empty());
    }

    #[test]
    fn any_document_evolves_in_one_step(
        before in properties(), after in properties(), was in options(), is in options(),
        actions in assets_actions(),
    ) {
        let groups = group_schema(&Value::default());
        let before = Mapping::new(&org(&[schema(&before)], &groups), &was).unwrap();
        let after = Mapping::new(&org(&[schema(&after)], &groups), &is).unwrap();
        let mut current = shown(before.document());
        for action in &actions {
            action.on(&mut current);
        }
        let evolution = evolution::plan(&current, after.document());
        let next = evolution.patch.as_ref().map_or_else(|| current.clone(), |patch| patched(&current, patch));
        let again = evolution::plan(&next, after.document());
        prop_assert_eq!(&again.patch, &None);
        prop_assert!(again.added_attributes.is_empty() && again.added_types.is_empty());
        // Nothing that was there has another name, and everything wanted is there.
        let (old, new) = (names(&current), names(&next));
        for (id, name) in &old {
            prop_assert_eq!(new.get(id), Some(name));
        }
        for id in names(after.document()).keys() {
            prop_assert!(new.contains_key(id));
        }
        // The mapping that goes by what Assets holds is the one that Assets holds.
        let settled = after.fit_to(&next);
        for ours in &settled.document().mapping.object_type_mappings {
            let held = next.mapping.object_type_mappings.iter().find(|m| m.object_type_external_id == ours.object_type_external_id);
            for field in &ours.attributes_mapping {
                prop_assert!(held.unwrap().attributes_mapping.contains(field), "{:?}", field);
            }
        }
        // And what REST can correct is then corrected, in one step as well.
        let next = corrected(&next, &again.corrections);
        let last = evolution::plan(&next, after.document());
        prop_assert!(last.corrections.is_empty(), "{:?}", last.corrections);
        let next = last.patch.as_ref().map_or_else(|| next.clone(), |patch| patched(&next, patch));
        prop_assert_eq!(evolution::plan(&next, after.document()).patch, None);
    }

    #[test]
    fn added_attributes_leave_existing_ones_unchanged(
        before in properties(), more in properties(), options in options(),
    ) {
        let groups = group_schema(&Value::default());
        let mut both = before.clone();
        for (name, property) in more.as_object().unwrap() {
            both.as_object_mut().unwrap().entry(name.clone()).or_insert_with(|| property.clone());
        }
        let before = Mapping::new(&org(&[schema(&before)], &groups), &options).unwrap();
        let after = Mapping::new(&org(&[schema(&both)], &groups), &options).unwrap();
        for old in before.attributes(ObjectKind::User) {
            let new = after.attributes(ObjectKind::User).iter().find(|a| a.source == old.source).unwrap();
            prop_assert_eq!((&old.external_id, &old.locator, &old.kind), (&new.external_id, &new.locator, &new.kind));
        }
        let current = shown(before.document());
        let evolution = evolution::plan(&current, after.document());
        let next = evolution.patch.as_ref().map_or_else(|| current.clone(), |patch| patched(&current, patch));
        let (old, new) = (names(&current), names(&next));
        for (id, name) in &old {
            prop_assert_eq!(new.get(id), Some(name));
        }
        let again = evolution::plan(&next, after.document());
        prop_assert!(again.drift.is_empty() && again.corrections.is_empty(), "{:?}", again.drift);
    }
}
