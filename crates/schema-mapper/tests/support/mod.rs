//! Orgs of different shape, Assets as far as documents go, and our own reading of its rules.

// Each test file uses its part.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

pub mod assets;
pub mod generate;
pub mod orgs;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use insight_import_client::document::SchemaAndMapping;
use jsonschema::Validator;
use serde_json::{Value, json};

/// Atlassian's own JSON schema of the document, which is not part of this repository.
pub fn atlassian() -> Option<&'static Validator> {
    static VALIDATOR: OnceLock<Option<Validator>> = OnceLock::new();
    let validator = VALIDATOR.get_or_init(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/reference/data");
        let file = folder.join("assets-import-schema-2023-10-19.json");
        let Ok(text) = std::fs::read_to_string(&file) else {
            assert!(std::env::var_os("REQUIRE_CONFORMANCE").is_none(), "{} is not there", file.display());
            eprintln!("SKIPPED: documents were NOT checked against Atlassian's schema, which is not part of this repository");
            return None;
        };
        Some(jsonschema::validator_for(&serde_json::from_str(&text).unwrap()).unwrap())
    });
    validator.as_ref()
}

/// Checks a document against Atlassian's schema, where that is at hand.
pub fn conforms(document: &SchemaAndMapping) {
    if let Some(validator) = atlassian() {
        let errors: Vec<String> = validator.iter_errors(&json!(document)).map(|e| e.to_string()).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}

/// Our own reading of the rules that Assets applies to a whole document.
pub fn keeps_the_rules(document: &SchemaAndMapping) {
    let mut ids = BTreeSet::new();
    let types = &document.schema.object_schema.object_types;
    for object_type in types {
        assert!(ids.insert(object_type.external_id.clone().unwrap()), "an external id stands twice");
        let mut names = BTreeSet::new();
        for attribute in &object_type.attributes {
            assert!(ids.insert(attribute.external_id.clone().unwrap()), "an external id stands twice");
            let name = &attribute.name;
            assert!(names.insert(name.to_lowercase()), "a name stands twice: {name}");
            assert!(
                !["key", "created", "updated"].contains(&name.to_lowercase().as_str()),
                "{name} is reserved"
            );
            assert!(!name.trim().is_empty() && !name.contains(['"', '\n', '$', '{', '\\']), "{name:?}");
            assert!(name.chars().count() <= 200, "{name} is long");
            let target = &attribute.reference_object_type_external_id;
            assert_eq!(target.is_some(), attribute.kind.as_str() == "referenced_object");
            assert!(
                target.is_none() || types.iter().any(|t| t.external_id == *target),
                "no target: {target:?}"
            );
            let many = attribute.maximum_cardinality == Some(-1);
            assert!(
                !many || ["email", "select", "referenced_object"].contains(&attribute.kind.as_str()),
                "{name}"
            );
        }
        assert_eq!(object_type.attributes.iter().filter(|a| a.label == Some(true)).count(), 1, "one label");
    }
    let mappings = &document.mapping.object_type_mappings;
    assert_eq!(mappings.len(), types.len());
    for (mapping, object_type) in mappings.iter().zip(types) {
        assert_eq!(mapping.object_type_external_id, object_type.external_id);
        let locators: Vec<_> =
            mapping.attributes_mapping.iter().flat_map(|a| &a.attribute_locators).collect();
        assert_eq!(locators.iter().collect::<BTreeSet<_>>().len(), locators.len(), "a locator stands twice");
        assert!(locators.iter().all(|l| l.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')));
        assert_eq!(mapping.attributes_mapping.iter().filter(|a| a.external_id_part == Some(true)).count(), 1);
        for (field, attribute) in mapping.attributes_mapping.iter().zip(&object_type.attributes) {
            assert_eq!(
                (&field.attribute_external_id, &field.attribute_name),
                (&attribute.external_id, &attribute.name)
            );
            let reference = attribute.kind.as_str() == "referenced_object";
            assert_eq!(field.object_mapping_iql.is_some(), reference);
        }
    }
}

/// A recorded answer of Okta.
pub fn recorded(name: &str) -> Value {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples").join(name);
    let value: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    value["body"].clone()
}
