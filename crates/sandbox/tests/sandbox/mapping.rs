//! What Assets refuses in a document.

use serde_json::{Value, json};

use crate::env::{TestEnv, attribute, document, eventually, field, text};

/// A document that adds an attribute to the user type, with the complete mapping of that type.
fn addition(new: &Value, extra_field: &Value) -> Value {
    let whole = document();
    let mut types = whole["schema"]["objectSchema"].clone();
    types["objectTypes"] =
        json!([{ "externalId": "t/type/user", "name": "User", "description": "", "attributes": [new] }]);
    let mut mapping = whole["mapping"]["objectTypeMappings"][1].clone();
    mapping["attributesMapping"].as_array_mut().unwrap().push(extra_field.clone());
    json!({ "schema": { "objectSchema": types }, "mapping": { "objectTypeMappings": [mapping] } })
}

fn change(path: &str, value: Value) -> Value {
    let mut document = document();
    *document.pointer_mut(path).unwrap() = value;
    document
}

const USER: &str = "/schema/objectSchema/objectTypes/1";

#[tokio::test]
async fn mapping_is_put_once_then_patched() {
    let env = TestEnv::new().await;
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "MISSING_MAPPING");
    assert_eq!(env.import("PATCH", "/mapping", &document()).await.status, 400);
    assert_eq!(env.import("PUT", "/mapping", &document()).await.status, 204);
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "IDLE");
    assert_eq!(env.import("PUT", "/mapping", &document()).await.status, 409);
    let patch = addition(&text("user/city", "City"), &field("user/city", "City"));
    assert_eq!(env.import("PATCH", "/mapping", &patch).await.status, 204);
    let shown = env.import("GET", "/schema-and-mapping", &Value::Null).await;
    assert!(shown.text.contains("t/user/city") && shown.text.contains("\"Key\""));
}

#[tokio::test]
async fn invalid_mapping_gets_its_error_code() {
    let env = TestEnv::new().await;
    for (what, document, code) in [
        (
            "an external id twice",
            change(&format!("{USER}/attributes/1/externalId"), "t/user/id".into()),
            "DUPLICATE_EXTERNAL_ID_ILLEGAL",
        ),
        (
            "a type's external id twice",
            change(&format!("{USER}/externalId"), "t/type/group".into()),
            "DUPLICATE_EXTERNAL_ID_ILLEGAL",
        ),
        (
            "a reference to a type that is not in the document",
            change(&format!("{USER}/attributes/8/referenceObjectTypeExternalId"), "t/type/none".into()),
            "UNKNOWN_REFERENCE",
        ),
        (
            "a mapping of a type that does not exist",
            change("/mapping/objectTypeMappings/1/objectTypeExternalId", "t/type/none".into()),
            "MAPPING_INVALID_EXTERNAL_ID",
        ),
        (
            "a mapping of an attribute that does not exist",
            change("/mapping/objectTypeMappings/1/attributesMapping/2/attributeExternalId", "t/none".into()),
            "UNKNOWN_EXTERNAL_ID_MAPPING",
        ),
        ("a reserved name", change(&format!("{USER}/attributes/2/name"), "Created".into()), "SCHEMA_INVALID"),
        ("a name twice", change(&format!("{USER}/attributes/2/name"), "login".into()), "SCHEMA_INVALID"),
        (
            "a type that is none",
            change(&format!("{USER}/attributes/2/type"), "user".into()),
            "SCHEMA_INVALID",
        ),
        ("no label", change(&format!("{USER}/attributes/1/label"), false.into()), "SCHEMA_INVALID"),
        (
            "no identity",
            change("/mapping/objectTypeMappings/1/attributesMapping/0/externalIdPart", false.into()),
            "SCHEMA_INVALID",
        ),
        ("a bad status name", change("/schema/statusSchema/statuses/0/name", "A&B".into()), "SCHEMA_INVALID"),
    ] {
        let codes = env.import("PUT", "/mapping", &document).await.codes();
        assert!(codes.iter().any(|c| c == code), "{what}: {codes:?}");
    }
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "MISSING_MAPPING");
}

#[tokio::test]
async fn patch_cannot_change_existing_definitions() {
    let env = TestEnv::new().await.mapped().await;
    let mut icons = document();
    icons["schema"]["iconSchema"] = json!({ "icons": [] });
    let mut renamed_type = document();
    renamed_type["schema"]["objectSchema"]["objectTypes"] =
        json!([{ "externalId": "t/type/user", "name": "Person", "description": "", "attributes": [] }]);
    let mut other_id = renamed_type.clone();
    other_id["schema"]["objectSchema"]["objectTypes"][0]["externalId"] = "t/type/other".into();
    other_id["schema"]["objectSchema"]["objectTypes"][0]["name"] = "User".into();
    let known = field("user/title", "Title");
    for (what, document, code) in [
        ("an empty icon schema", icons, "SCHEMA_INVALID"),
        ("a renamed type", renamed_type, "EXTERNAL_ID_MISMATCH"),
        ("a known name under another id", other_id, "EXTERNAL_ID_MISMATCH"),
        ("a renamed attribute", addition(&text("user/title", "Rank"), &known), "SCHEMA_INVALID"),
        (
            "a retyped attribute",
            addition(&attribute("user/title", "Title", "integer"), &known),
            "SCHEMA_INVALID",
        ),
        ("a known reference sent again", document(), "REFERENCED_OBJECT_TYPE_CHANGED"),
    ] {
        let codes = env.import("PATCH", "/mapping", &document).await.codes();
        assert!(codes.iter().any(|c| c == code), "{what}: {codes:?}");
    }
}

#[tokio::test]
async fn external_id_used_elsewhere_is_rejected() {
    let env = TestEnv::new().await;
    env.control("PUT", "/insight/settings", json!({"externalIdsElsewhere": ["t/user/title"]})).await;
    let codes = env.import("PUT", "/mapping", &document()).await.codes();
    assert_eq!(codes, ["SCHEMA_INVALID_EXTERNAL_ID"]);
}

#[tokio::test]
async fn asynchronous_mapping_reports_progress_and_result() {
    let env = TestEnv::new().await;
    env.faults("mapping.slow=told").await;
    let accepted = env.import("PUT", "/mapping?async=true", &document()).await;
    assert_eq!(accepted.status, 303);
    let progress = accepted.headers["location"].to_str().unwrap().to_owned();
    let status = env.import("GET", &progress, &Value::Null).await.json();
    assert_eq!(status["progressStatus"], "IN_PROGRESS");
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "MISSING_MAPPING");
    env.control("POST", "/release", Value::Null).await;
    let ended = eventually(async || {
        let status = env.import("GET", &progress, &Value::Null).await.json();
        (status["progressStatus"] == "FINISHED").then_some(status)
    })
    .await;
    assert_eq!(ended["result"], "OK");
    env.faults("mapping.fail=1").await;
    let patch = addition(&text("user/city", "City"), &field("user/city", "City"));
    let accepted = env.import("PATCH", "/mapping?async=true", &patch).await;
    let status = env.import("GET", accepted.headers["location"].to_str().unwrap(), &Value::Null).await.json();
    assert_eq!((&status["progressStatus"], &status["result"]), (&json!("FINISHED"), &json!("ERROR")));
    assert!(!env.import("GET", "/schema-and-mapping", &Value::Null).await.text.contains("City"));
}
