//! The example: from a folder to a document.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

#[path = "../examples/document/folder.rs"]
mod folder;
mod support;

use std::fs;
use std::path::Path;

use schema_mapper::{Mapping, MappingOptions};
use support::orgs::{group_schema, schema};
use support::{conforms, keeps_the_rules};

fn refused(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let error = folder::read(folder.path()).unwrap_err().to_string();
    error.replace(&*folder.path().to_string_lossy(), "DIR")
}

#[test]
fn recorded_answers_become_a_document() {
    let found = folder::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples")).unwrap();
    insta::assert_snapshot!(found.notes.join("\n"), @r#"
    the schema of user type "python_sdk_cRuLD" is not in the folder; another one stands in for it
    the schema of user type "python_sdk_cRuLD_2" is not in the folder; another one stands in for it
    the schema of user type "user" is not in the folder; another one stands in for it
    "#);
    let mapping = Mapping::new(&found.schemas, &MappingOptions::default()).unwrap();
    keeps_the_rules(mapping.document());
    conforms(mapping.document());
    let names: Vec<&str> = mapping.document().schema.object_schema.object_types[0]
        .attributes
        .iter()
        .map(|a| a.name.as_str())
        .collect();
    insta::assert_snapshot!(names.join(", "), @"Okta Group ID, Okta Group Status, Okta Group Type, Okta Source App, Okta Created, Okta Last Updated, Custom Group Attribute, Description, Distinguished Name, External ID, Name, SAM Account Name, Windows Domain Qualified Name");
}

#[test]
fn folder_reads_schemas_and_skips_users() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
    fs::create_dir(folder.path().join("schemas")).unwrap();
    let mut second = schema(&serde_json::json!({"team": {"title": "Team", "type": "string"}}));
    second["_links"] =
        serde_json::json!({"self": {"href": "https://example.okta.com/api/v1/meta/schemas/user/osc2"}});
    write("schemas/second.json", &second.to_string());
    write("schemas/group.json", &group_schema(&serde_json::json!({})).to_string());
    write("users.json", r#"[{"id": "00u1", "profile": {"login": "ada"}}]"#);
    write("memberships.json", r#"{"00g1": ["00u1"]}"#);
    write(
        "types.json",
        r#"[{"id": "oty2", "name": "second", "displayName": "Second", "default": true,
        "_links": {"schema": {"href": "https://example.okta.com/api/v1/meta/schemas/user/osc2"}}}]"#,
    );
    let found = folder::read(folder.path()).unwrap();
    assert!(found.notes.is_empty(), "{:?}", found.notes);
    assert_eq!(found.schemas.user_types[0].user_type.name, "second");
    assert!(found.schemas.user_types[0].schema.custom().properties.contains_key("team"));
}

#[test]
fn unusable_folder_is_rejected_with_reason() {
    let groups = group_schema(&serde_json::json!({})).to_string();
    insta::assert_snapshot!(refused(&[]), @"DIR contains no .json file");
    insta::assert_snapshot!(refused(&[("broken.json", "{\n  \"id\": ")]), @"DIR/broken.json is not JSON: EOF while parsing a value at line 2 column 8");
    insta::assert_snapshot!(refused(&[("odd.json", r#"{"name": "user", "definitions": {"base": {"properties": {"x": 1}}}}"#)]), @"DIR/odd.json is not a schema as Okta returns it: invalid type: integer `1`, expected struct SchemaProperty");
    insta::assert_snapshot!(refused(&[("group.json", groups.as_str())]), @"DIR contains no schema of users; save \
                                                                           the response to GET \
                                                                           /api/v1/meta/schemas/user/default in it");
    insta::assert_snapshot!(refused(&[("group.json", groups.as_str()), ("user.json", r#"{"name": "user", "definitions": {}}"#), ("t.json", r#"{"id": "oty1", "name": 7}"#)]), @"DIR/t.json is not a user type as Okta returns it: invalid type: integer `7`, expected a string");
    insta::assert_snapshot!(refused(&[("users.json", r#"[{"id": "00u1"}]"#)]), @"DIR contains no schema of groups; \
                                                                                 save the response to GET \
                                                                                 /api/v1/meta/schemas/group/default in it");
    assert!(
        folder::read(Path::new("/does/not/exist"))
            .unwrap_err()
            .to_string()
            .starts_with("/does/not/exist cannot be read")
    );
}
