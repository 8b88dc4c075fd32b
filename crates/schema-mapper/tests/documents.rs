//! Documents of orgs of different shape, and what always holds of them.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::Path;

use insight_import_client::document::SchemaAndMapping;
use okta_client::model::{Group, User};
use proptest::prelude::*;
use schema_mapper::{Mapping, MappingOptions, OrgSchemas, UserTypeSchema, evolution};
use serde_json::{Value, json};
use sync_model::{GroupId, ObjectKind};

fn schema(properties: &Value) -> Value {
    json!({"name": "s", "definitions": {"base": {"properties": {
        "login": {"title": "Username", "type": "string"}, "email": {"title": "Primary email", "type": "string", "format": "email"}}},
        "custom": {"properties": properties}}})
}

fn group_schema(properties: &Value) -> Value {
    json!({"name": "g", "definitions": {"base": {"properties": {
        "name": {"title": "Name", "type": "string"},
        "description": {"title": "Description", "type": "string", "maxLength": 1024}}},
        "custom": {"properties": properties}}})
}

fn org(users: &[Value], group: &Value) -> OrgSchemas {
    let user_types = users.iter().enumerate().map(|(n, schema)| UserTypeSchema {
        user_type: serde_json::from_value(
            json!({"id": format!("oty{n}"), "name": format!("t{n}"), "displayName": format!("Type {n}"), "default": n == 0}),
        )
        .unwrap(),
        schema: serde_json::from_value(schema.clone()).unwrap(),
    });
    OrgSchemas { user_types: user_types.collect(), group: serde_json::from_value(group.clone()).unwrap() }
}

fn mapping(org: &OrgSchemas) -> Mapping {
    Mapping::new(org, &MappingOptions::default()).unwrap()
}

fn recorded(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../okta-client/tests/samples").join(name);
    let value: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    value["body"].clone()
}

/// Orgs of different shape, by name.
fn orgs() -> Vec<(&'static str, OrgSchemas)> {
    let plain = schema(&json!({}));
    let groups = group_schema(&json!({}));
    let one = |properties: Value| org(&[schema(&properties)], &groups);
    vec![
        ("recorded_1", org(&[recorded("user_schema-1.json")], &recorded("group_schema-1.json"))),
        ("recorded_2", org(&[recorded("user_schema-2.json")], &recorded("group_schema-2.json"))),
        (
            "recorded_3",
            org(
                &[recorded("user_schema-1.json"), recorded("user_schema-2.json")],
                &recorded("group_schema-3.json"),
            ),
        ),
        ("plain", org(std::slice::from_ref(&plain), &groups)),
        (
            "every_type",
            one(json!({
            "i": {"title": "I", "type": "integer"}, "n": {"title": "N", "type": "number"}, "b": {"title": "B", "type": "boolean"},
            "a": {"title": "A", "type": "array", "items": {"type": "string"}}, "u": {"title": "U", "type": "string", "format": "uri"},
            "d": {"title": "D", "type": "string", "format": "date-time"}, "l": {"title": "L", "type": "string", "maxLength": 4000},
            "e": {"title": "E", "type": "string", "enum": ["x", 1], "unique": "UNIQUE_VALIDATED"}, "o": {"title": "O", "type": "newer"}})),
        ),
        (
            "reserved_names",
            one(
                json!({"key": {"title": "Key", "type": "string"}, "created": {"title": "CREATED", "type": "string"}}),
            ),
        ),
        (
            "same_titles",
            one(json!({"a": {"title": "Same", "type": "string"}, "b": {"title": "same", "type": "string"}})),
        ),
        (
            "case_twins",
            one(
                json!({"costCentre": {"title": "", "type": "string"}, "costcentre": {"title": "", "type": "string"}}),
            ),
        ),
        (
            "odd_names",
            one(
                json!({"x": {"title": "\"quoted\"\n${x}", "type": "string"}, "y": {"title": "   ", "type": "string"}}),
            ),
        ),
        (
            "conflicting_types",
            org(
                &[
                    schema(&json!({"n": {"title": "N", "type": "integer"}})),
                    schema(&json!({"n": {"title": "N", "type": "boolean"}})),
                ],
                &groups,
            ),
        ),
        (
            "group_attributes",
            org(&[plain], &group_schema(&json!({"budget": {"title": "Budget", "type": "number"}}))),
        ),
    ]
}

/// Our own reading of the rules that Assets applies to a document.
fn check(document: &SchemaAndMapping) {
    let mut ids = BTreeSet::new();
    for object_type in &document.schema.object_schema.object_types {
        assert!(ids.insert(object_type.external_id.clone().unwrap()));
        let mut names = BTreeSet::new();
        for attribute in &object_type.attributes {
            assert!(ids.insert(attribute.external_id.clone().unwrap()), "an external id stands twice");
            assert!(names.insert(attribute.name.to_lowercase()), "a name stands twice: {}", attribute.name);
            assert!(!["key", "created", "updated"].contains(&attribute.name.to_lowercase().as_str()));
            assert!(!attribute.name.trim().is_empty() && !attribute.name.contains(['"', '\n', '$']));
        }
        assert_eq!(object_type.attributes.iter().filter(|a| a.label == Some(true)).count(), 1, "one label");
    }
    for mapping in &document.mapping.object_type_mappings {
        let locators: Vec<_> =
            mapping.attributes_mapping.iter().flat_map(|a| &a.attribute_locators).collect();
        assert_eq!(locators.iter().collect::<BTreeSet<_>>().len(), locators.len(), "a locator stands twice");
        assert!(locators.iter().all(|l| l.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')));
        assert_eq!(mapping.attributes_mapping.iter().filter(|a| a.external_id_part == Some(true)).count(), 1);
    }
}

#[test]
fn documents_of_orgs_of_every_shape_keep_the_rules_and_look_like_this() {
    for (name, org) in orgs() {
        let mapping = mapping(&org);
        check(mapping.document());
        // The statuses are the same everywhere.
        let mut shown = json!(mapping.document());
        shown["schema"].as_object_mut().unwrap().remove("statusSchema");
        insta::assert_json_snapshot!(name, shown);
    }
}

#[test]
fn the_same_schemas_give_the_same_bytes_in_whatever_order_types_come() {
    let one = org(
        &[recorded("user_schema-1.json"), recorded("user_schema-2.json")],
        &recorded("group_schema-1.json"),
    );
    let mut other = one.clone();
    other.user_types.reverse();
    let bytes = |org: &OrgSchemas| serde_json::to_string(mapping(org).document()).unwrap();
    assert_eq!(bytes(&one), bytes(&other));
    assert_eq!(mapping(&one).version(), mapping(&other).version());
}

#[test]
fn documents_validate_against_atlassian_s_schema() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/data");
    let file = folder.join("assets-import-schema-2023-10-19.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        assert!(std::env::var_os("REQUIRE_CONFORMANCE").is_none(), "{} is not there", file.display());
        eprintln!(
            "SKIPPED: documents were NOT checked against Atlassian's schema, which is not part of this repository"
        );
        return;
    };
    let validator = jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap();
    for (name, org) in orgs() {
        let document = json!(mapping(&org).document());
        let errors: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{name}: {errors:?}");
    }
}

#[test]
fn recorded_users_and_groups_become_records() {
    let mapping = mapping(&org(&[recorded("user_schema-1.json")], &recorded("group_schema-1.json")));
    let users: Vec<User> = serde_json::from_value(recorded("users-page-3.json")).unwrap();
    let groups: Vec<Group> = serde_json::from_value(recorded("groups-page-1.json")).unwrap();
    for user in &users {
        let mapped = mapping.user(user);
        assert!(mapped.problems.is_empty() && mapped.unmapped.is_empty(), "{:?}", mapped.problems);
        assert_eq!(mapped.record.fields["profile_login"], json!(user.profile.text("login")));
    }
    let record = mapping.with_groups(
        mapping.user(&users[0]).record,
        &[GroupId::new("00g2"), GroupId::new("00g1"), GroupId::new("00g2")],
    );
    assert_eq!(record.fields["groups"], json!(["00g1", "00g2"]));
    insta::assert_json_snapshot!("recorded_user", record);
    insta::assert_json_snapshot!("recorded_group", mapping.group(&groups[0]).record);
    let retired = mapping.retire(&record);
    assert_eq!((&retired.fields["status"], &retired.fields["groups"]), (&json!("Okta Deleted"), &json!([])));
    assert!(retired.references.is_empty());
}

#[test]
fn an_attribute_that_the_schema_does_not_know_is_reported_and_not_sent() {
    let mapping = mapping(&org(&[schema(&json!({}))], &group_schema(&json!({}))));
    let user: User = serde_json::from_value(
        json!({"id": "00u1", "status": "NEWER", "profile": {"login": "a", "shoeSize": 42, "nothing": null}}),
    )
    .unwrap();
    let mapped = mapping.user(&user);
    assert_eq!(mapped.unmapped, ["shoeSize"]);
    assert_eq!(mapped.record.fields["status"], "Okta Other");
    assert_eq!(mapped.problems.len(), 1, "the status is reported");
}

/// What Assets would hold after taking a document: with its own system attribute and an empty icon schema.
fn shown(document: &SchemaAndMapping) -> SchemaAndMapping {
    let mut shown = json!(document);
    for object_type in shown["schema"]["objectSchema"]["objectTypes"].as_array_mut().unwrap() {
        let key = json!({"name": "Key", "description": "", "type": "text"});
        object_type["attributes"].as_array_mut().unwrap().insert(0, key);
    }
    shown["schema"]["iconSchema"] = json!({"icons": []});
    serde_json::from_value(shown).unwrap()
}

/// A document with what a patch adds.
fn patched(current: &SchemaAndMapping, patch: &SchemaAndMapping) -> SchemaAndMapping {
    let mut next = current.clone();
    for sent in &patch.schema.object_schema.object_types {
        let types = &mut next.schema.object_schema.object_types;
        match types.iter_mut().find(|t| t.external_id == sent.external_id) {
            Some(present) => present.attributes.extend(sent.attributes.iter().cloned()),
            None => types.push(sent.clone()),
        }
    }
    for sent in &patch.mapping.object_type_mappings {
        next.mapping
            .object_type_mappings
            .retain(|m| m.object_type_external_id != sent.object_type_external_id);
        next.mapping.object_type_mappings.push(sent.clone());
    }
    next
}

#[test]
fn a_new_attribute_is_added_by_the_smallest_change_and_drift_is_told() {
    let groups = group_schema(&json!({}));
    let before = mapping(&org(&[schema(&json!({"old": {"title": "Old", "type": "string"}}))], &groups));
    let after = mapping(&org(&[schema(&json!({"new": {"title": "New", "type": "integer"}}))], &groups));
    let evolution = evolution::plan(&shown(before.document()), after.document());
    assert_eq!(evolution.added_attributes, ["Okta User: New"]);
    let patch = evolution.patch.unwrap();
    assert_eq!(patch.schema.object_schema.object_types.len(), 1);
    assert_eq!(patch.schema.object_schema.object_types[0].attributes.len(), 1);
    assert!(patch.schema.icon_schema.is_none());
    assert_eq!(
        evolution.drift,
        [
            "Okta User: Old is not in Okta's schema any more, or excluded; it keeps its values until you delete it in Assets"
        ]
    );
    let again = evolution::plan(&patched(&shown(before.document()), &patch), after.document());
    assert!(again.patch.is_none() && again.added_attributes.is_empty());
}

#[test]
fn nothing_to_do_is_nothing_and_a_limited_cardinality_is_told_with_the_clicks() {
    let document = mapping(&org(&[schema(&json!({}))], &group_schema(&json!({})))).document().clone();
    assert_eq!(evolution::plan(&shown(&document), &document), evolution::Evolution::default());
    let mut limited = document.clone();
    let attributes = &mut limited.schema.object_schema.object_types[1].attributes;
    attributes.iter_mut().find(|a| a.name == "Okta Groups").unwrap().maximum_cardinality = Some(1);
    let evolution = evolution::plan(&limited, &document);
    assert_eq!(evolution.limited, ["Okta User: Okta Groups"]);
    assert!(evolution.drift[0].contains("Unlimited") && evolution.patch.is_none());
}

fn properties() -> impl Strategy<Value = Value> {
    let kind = prop::sample::select(vec!["string", "integer", "number", "boolean", "array", "newer"]);
    let format = prop::option::of(prop::sample::select(vec!["email", "uri", "date-time", "locale"]));
    let property = ("\\PC{0,12}", kind, format, prop::option::of(0_u64..9000)).prop_map(|(title, kind, format, longest)| {
        json!({"title": title, "type": kind, "format": format, "maxLength": longest})
    });
    prop::collection::btree_map("[a-zA-Z_\\PC]{1,6}", property, 0..8).prop_map(|p| json!(p))
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("JSON has none", |n| n.is_finite()).prop_map(Value::from),
        "\\PC{0,300}".prop_map(Value::from),
        prop::collection::vec("\\PC{0,5}", 0..4).prop_map(Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_schema_gives_a_document_that_keeps_the_rules_and_evolution_takes_one_step(
        before in properties(), after in properties(),
    ) {
        let groups = group_schema(&json!({}));
        let before = mapping(&org(&[schema(&before)], &groups)).document().clone();
        let after = mapping(&org(&[schema(&after)], &groups)).document().clone();
        check(&before);
        let current = shown(&before);
        if let Some(patch) = evolution::plan(&current, &after).patch {
            let again = evolution::plan(&patched(&current, &patch), &after);
            prop_assert!(again.patch.is_none(), "a second step: {:?}", again.added_attributes);
        }
    }

    #[test]
    fn any_profile_gives_exactly_the_mapped_fields_twice_the_same(
        properties in properties(), values in prop::collection::vec(value(), 8),
    ) {
        let mapping = mapping(&org(&[schema(&properties)], &group_schema(&json!({}))));
        let names: Vec<String> = properties.as_object().unwrap().keys().cloned().collect();
        let mut profile: serde_json::Map<String, Value> = names.into_iter().zip(values).collect();
        profile.insert("login".into(), "ada".into());
        let user: User = serde_json::from_value(json!({"id": "00u1", "status": "ACTIVE", "profile": profile})).unwrap();
        let mapped = mapping.user(&user);
        let fields: BTreeSet<&str> = mapped.record.fields.keys().map(String::as_str).collect();
        let wanted: BTreeSet<&str> = mapping.attributes(ObjectKind::User).iter().map(|a| a.locator.as_str()).collect();
        prop_assert_eq!(fields, wanted);
        prop_assert_eq!(&mapping.user(&user), &mapped);
        let long = mapped.record.fields.values().filter_map(Value::as_str).filter(|t| t.chars().count() > 255).count();
        prop_assert!(long == 0 || properties.to_string().contains("maxLength"));
    }
}
