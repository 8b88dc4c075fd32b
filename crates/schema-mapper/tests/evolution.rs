//! From the document in Assets to the wanted one.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use insight_import_client::document::{AttributeType, SchemaAndMapping};
use schema_mapper::evolution::{self, Drift, DriftKind, Evolution};
use schema_mapper::{Loss, Mapping};
use serde_json::json;
use support::assets::{attribute_of, by_hand, corrected, patched, shown, type_of};
use support::orgs::{group_schema, mapping, mapping_by, org, schema, text, with};

fn plain() -> Mapping {
    mapping(&with(&json!({})))
}

/// What Assets holds after the one step that is needed, and that it was one.
fn step(current: &SchemaAndMapping, wanted: &Mapping) -> SchemaAndMapping {
    let next = evolution::plan(current, wanted.document())
        .patch
        .map_or_else(|| current.clone(), |p| patched(current, &p));
    assert_eq!(evolution::plan(&next, wanted.document()).patch, None, "one step is enough");
    next
}

fn drift(evolution: &Evolution) -> String {
    evolution.drift.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// Assets as it shows the plain document after somebody has changed it.
fn changed(change: impl FnOnce(&mut SchemaAndMapping)) -> SchemaAndMapping {
    let mut current = shown(plain().document());
    change(&mut current);
    current
}

#[test]
fn nothing_to_do_is_nothing() {
    for (_, org, toml) in support::orgs::all() {
        let document = mapping_by(&org, toml).document().clone();
        assert_eq!(evolution::plan(&shown(&document), &document), Evolution::default());
    }
}

#[test]
fn new_attribute_gets_minimal_patch() {
    let before = mapping(&with(&json!({"old": text("Old")})));
    let after = mapping(&with(&json!({"new": {"title": "New", "type": "integer"}})));
    let current = shown(before.document());
    let evolution = evolution::plan(&current, after.document());
    assert_eq!(evolution.added_attributes, ["Okta User: New"]);
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "Old" of "Okta User": no longer mapped"#);
    let patch = evolution.patch.unwrap();
    assert_eq!(patch.mapping.object_type_mappings.len(), 1);
    let fields = patch.mapping.object_type_mappings[0].attributes_mapping.len();
    assert_eq!(
        fields,
        after.document().mapping.object_type_mappings[1].attributes_mapping.len() + 1,
        "and the old one"
    );
    let mut shown_patch = json!(patch);
    shown_patch["mapping"]["objectTypeMappings"][0]["attributesMapping"] = "complete".into();
    insta::assert_json_snapshot!("patch_with_a_new_attribute", shown_patch);
    step(&current, &after);
}

#[test]
fn new_reference_is_sent_once() {
    let current = shown(plain().document());
    let after = mapping_by(&with(&json!({})), "membership_strategy = 'on_groups'");
    let patch = evolution::plan(&current, after.document()).patch.unwrap();
    let sent: Vec<(&str, usize)> = patch
        .schema
        .object_schema
        .object_types
        .iter()
        .map(|t| (t.name.as_str(), t.attributes.len()))
        .collect();
    assert_eq!(sent, [("Okta Group", 1), ("Okta User", 0)]);
    let next = step(&current, &after);
    let told = drift(&evolution::plan(&next, after.document()));
    insta::assert_snapshot!(told, @r#"attribute "Okta Groups" of "Okta User": no longer mapped"#);
    // And the third strategy: two references to types that exist.
    let objects = mapping_by(&with(&json!({})), "membership_strategy = 'objects'");
    let patch = evolution::plan(&current, objects.document()).patch.unwrap();
    let sent: Vec<(&str, usize)> = patch
        .schema
        .object_schema
        .object_types
        .iter()
        .map(|t| (t.name.as_str(), t.attributes.len()))
        .collect();
    assert_eq!(sent, [("Okta Membership", 5), ("Okta Group", 0), ("Okta User", 0)]);
    assert!(patch.schema.status_schema.is_some());
    let next = step(&current, &objects);
    let left = evolution::plan(&next, plain().document()).drift;
    let unmapped = |d: &Drift| (d.object_type == "Okta Membership") && d.kind == DriftKind::RemovedInOkta;
    assert!(left.iter().any(unmapped), "{left:?}");
}

#[test]
fn query_follows_attribute_renamed_in_assets() {
    let current = changed(|d| attribute_of(d, "Okta Group", "Okta Group ID").name = "The \"id\"".into());
    let evolution = evolution::plan(&current, plain().document());
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "The "id"" of "Okta Group": name differs; expected "Okta Group ID""#);
    let next = step(&current, &plain());
    let query = |d: &SchemaAndMapping| {
        let fields = d.mapping.object_type_mappings.iter().flat_map(|m| &m.attributes_mapping);
        fields.filter(|f| f.attribute_name == "Okta Groups").find_map(|f| f.object_mapping_iql.clone())
    };
    assert_eq!(query(&next).unwrap(), r#""The \"id\"" IN (${groups${0}})"#);
    assert_eq!(query(plain().fit_to(&current).document()), query(&next), "the settled mapping agrees");
    // Put right over REST, and followed by the mapping.
    let next = corrected(&next, &evolution.corrections);
    let next = step(&next, &plain());
    assert_eq!(query(&next).unwrap(), r#""Okta Group ID" IN (${groups${0}})"#);
    assert_eq!(evolution::plan(&next, plain().document()), Evolution::default());
}

#[test]
fn low_cardinality_is_corrected_over_rest() {
    let current = changed(|d| attribute_of(d, "Okta User", "Okta Groups").maximum_cardinality = Some(1));
    let evolution = evolution::plan(&current, plain().document());
    assert_eq!(evolution.patch, None);
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "Okta Groups" of "Okta User": maximum cardinality too low; expected unlimited, got 1"#);
    let [correction] = evolution.corrections.as_slice() else { panic!("{:?}", evolution.corrections) };
    assert_eq!((correction.maximum_cardinality, &correction.rename_to), (Some(-1), &None));
    let next = corrected(&current, &evolution.corrections);
    assert_eq!(evolution::plan(&next, plain().document()), Evolution::default());
    // More than needed is no harm.
    let more = changed(|d| attribute_of(d, "Okta User", "Okta Manager").maximum_cardinality = Some(-1));
    assert_eq!(evolution::plan(&more, plain().document()), Evolution::default());
}

#[test]
fn attribute_deleted_in_assets_is_restored() {
    let current = changed(|d| type_of(d, "Okta User").attributes.retain(|a| a.name != "Okta Groups"));
    let evolution = evolution::plan(&current, plain().document());
    assert_eq!(evolution.added_attributes, ["Okta User: Okta Groups"]);
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "Okta Groups" of "Okta User": deleted in Assets"#);
    step(&current, &plain());
}

#[test]
fn taken_name_gets_a_suffix() {
    let before = shown(mapping(&with(&json!({}))).document());
    let mut current = before;
    type_of(&mut current, "Okta User").attributes.push(by_hand("COST centre"));
    current.schema.object_schema.object_types.retain(|t| t.name != "Okta Group");
    let mut group = shown(plain().document()).schema.object_schema.object_types[0].clone();
    group.external_id = Some("cmdb::externalId/1".into());
    current.schema.object_schema.object_types.push(group);
    let after = mapping(&with(&json!({"costCentre": text("Cost centre")})));
    let evolution = evolution::plan(&current, after.document());
    assert_eq!(evolution.added_attributes, ["Okta User: Cost centre (costCentre)"]);
    assert_eq!(evolution.added_types, ["Okta Group (okta-sync)"]);
    insta::assert_snapshot!(drift(&evolution), @r#"
    object type "Okta Group (okta-sync)": deleted in Assets
    object type "Okta Group (okta-sync)": name "Okta Group" is taken
    attribute "Cost centre (costCentre)" of "Okta User": name "Cost centre" is taken
    "#);
    let next = step(&current, &after);
    assert_eq!(evolution::plan(&next, after.document()), Evolution::default());
    assert_eq!(after.fit_to(&next).kind_of("Okta Group (okta-sync)"), Some(sync_model::ObjectKind::Group));
}

#[test]
fn later_duplicate_name_renames_nothing() {
    // "a" sorts before "b" and would have the bare title in an org that had both from the start.
    let before = mapping(&with(&json!({"b": text("Same"), "Cost": text("")})));
    let after =
        mapping(&with(&json!({"a": text("same"), "b": text("Same"), "COST": text(""), "Cost": text("")})));
    let current = shown(before.document());
    let evolution = evolution::plan(&current, after.document());
    assert_eq!(evolution.added_attributes, ["Okta User: COST (COST)", "Okta User: same (a)"]);
    let next = step(&current, &after);
    let evolution = evolution::plan(&next, after.document());
    assert_eq!((evolution.drift, evolution.corrections), (vec![], vec![]));
}

#[test]
fn swapped_titles_are_renamed_without_conflict() {
    let before = mapping(&with(&json!({"a": text("One"), "b": text("Two")})));
    let after = mapping(&with(&json!({"a": text("Two"), "b": text("One")})));
    let current = shown(before.document());
    let evolution = evolution::plan(&current, after.document());
    assert_eq!(evolution.patch, None);
    let renames: Vec<_> =
        evolution.corrections.iter().map(|c| (c.attribute.as_str(), c.rename_to.as_deref())).collect();
    assert_eq!(renames, [("One", Some("Two (a)")), ("Two", Some("One (b)"))]);
    let next = step(&corrected(&current, &evolution.corrections), &after);
    assert_eq!(evolution::plan(&next, after.document()), Evolution::default());
}

#[test]
fn changes_in_assets_are_reported_only() {
    let current = changed(|d| {
        attribute_of(d, "Okta User", "Primary email").kind = AttributeType::Integer;
        attribute_of(d, "Okta User", "Okta Manager").reference_object_type_external_id =
            Some("okta-sync/type/group".into());
        attribute_of(d, "Okta User", "Username").label = Some(false);
        attribute_of(d, "Okta User", "Okta User ID").unique = None;
        attribute_of(d, "Okta User", "Employee number").unique = Some(true);
        attribute_of(d, "Okta User", "Employee number").minimum_cardinality = Some(1);
        attribute_of(d, "Okta Group", "Okta Group Status").type_values = Some(vec!["Okta Active".into()]);
        type_of(d, "Okta Group").name = "Teams".into();
    });
    let evolution = evolution::plan(&current, plain().document());
    insta::assert_snapshot!(drift(&evolution), @r#"
    object type "Teams": name differs; expected "Okta Group"
    attribute "Okta Group Status" of "Teams": statuses not allowed: Okta Deleted, Okta Out of Scope
    attribute "Okta User ID" of "Okta User": not unique
    attribute "Okta Manager" of "Okta User": reference differs; expected okta-sync/type/user, got okta-sync/type/group
    attribute "Primary email" of "Okta User": type differs; expected email, got integer
    attribute "Employee number" of "Okta User": value required
    attribute "Employee number" of "Okta User": unexpectedly unique
    attribute "Username" of "Okta User": not the label
    "#);
    assert!(evolution.corrections.is_empty());
    assert!(
        evolution
            .drift
            .iter()
            .any(|d| matches!(&d.kind, DriftKind::Retyped { present: AttributeType::Integer, .. }))
    );
    let storage = plain().storage(Some(&current), &evolution);
    let email = storage.iter().find(|s| s.field == "profile_email").unwrap();
    let retyped = Loss::Type { present: "integer".into(), wanted: "email".into() };
    assert_eq!(email.loss, Some(retyped));
    // Values are made to fit what is there.
    let settled = plain().fit_to(&current);
    let record =
        settled.user(&support::orgs::user("00u1", &json!({"login": "ada", "email": "ada@example.com"})));
    assert_eq!((&record.record.fields["profile_email"], record.problems.len()), (&json!(""), 1));
    assert_eq!(settled.kind_of("Teams"), Some(sync_model::ObjectKind::Group));
    let next = step(&current, &plain());
    assert!(
        next.mapping.object_type_mappings.iter().any(|m| m.object_type_name == "Teams"),
        "the mapping follows"
    );
}

#[test]
fn existing_label_is_not_replaced() {
    let current = shown(plain().document());
    let after = mapping_by(&with(&json!({"nick": text("Nick")})), "user_label = 'nick'");
    let evolution = evolution::plan(&current, after.document());
    assert_eq!(
        evolution.patch.as_ref().unwrap().schema.object_schema.object_types[0].attributes[0].label,
        None
    );
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "Nick" of "Okta User": not the label"#);
    step(&current, &after);
}

#[test]
fn foreign_mapping_survives_unless_dangling() {
    let current = changed(|d| {
        type_of(d, "Okta User").attributes.push(by_hand("Shoe size"));
        let fields = &mut d.mapping.object_type_mappings[1].attributes_mapping;
        let mut own = fields[0].clone();
        own.external_id_part = None;
        own.attribute_locators = vec!["shoe".into()];
        for (id, name) in
            [(Some("cmdb::externalId/Shoe size"), "Shoe size"), (None, "Key"), (Some("cmdb::gone"), "Gone")]
        {
            fields.push({
                let mut f = own.clone();
                f.attribute_external_id = id.map(Into::into);
                f.attribute_name = name.into();
                f
            });
        }
    });
    assert_eq!(evolution::plan(&current, plain().document()), Evolution::default());
    let after = mapping(&with(&json!({"new": text("New")})));
    let next = step(&current, &after);
    let users = next.mapping.object_type_mappings.iter().find(|m| m.selector == "users").unwrap();
    let names: Vec<&str> = users.attributes_mapping.iter().map(|f| f.attribute_name.as_str()).collect();
    assert!(names.contains(&"Shoe size") && !names.contains(&"Key") && !names.contains(&"Gone"), "{names:?}");
}

#[test]
fn types_below_others_are_found() {
    let current = changed(|d| {
        let types = &mut d.schema.object_schema.object_types;
        let user = types.remove(1);
        types[0].children.push(user);
    });
    assert_eq!(evolution::plan(&current, plain().document()), Evolution::default());
}

#[test]
fn conflicting_user_type_keeps_attribute_type() {
    let number = json!({"n": {"title": "N", "type": "integer"}});
    let before = mapping(&with(&number));
    let types = [schema(&number), schema(&json!({"n": text("N")}))];
    let after = mapping(&org(&types, &group_schema(&json!({}))));
    let evolution = evolution::plan(&shown(before.document()), after.document());
    assert_eq!(evolution.patch, None);
    insta::assert_snapshot!(drift(&evolution), @r#"attribute "N" of "Okta User": type differs; expected textarea, got integer"#);
}
