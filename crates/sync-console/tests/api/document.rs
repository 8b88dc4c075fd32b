//! The document and the routes are the same thing.

use reqwest::Method;
use serde_json::Value;

use crate::test_env::TestEnv;

#[test]
fn api_document_matches_snapshot() {
    insta::assert_json_snapshot!(sync_console::openapi());
}

#[test]
fn routes_exist_only_in_document() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api");
    let mut found = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(file.unwrap().path()).unwrap();
        found.extend(text.lines().filter(|line| line.contains(".route(")).map(|line| line.trim().to_owned()));
    }
    // These answer that there is nothing.
    assert!(found.iter().all(|line| line.contains("any(problem::unknown_path)")), "{found:#?}");
}

#[tokio::test]
async fn only_documented_methods_are_served() {
    let world = TestEnv::start().await;
    let document = world.api.get("/openapi.json", 200).await;
    assert_eq!(document, sync_console::openapi());
    for (path, item) in document["paths"].as_object().unwrap() {
        let path = path.strip_prefix("/api/v1").unwrap().replace("{name}", "nobody");
        let path = path.replace("{id}", "7").replace("{kind}", "user").replace("{object}", "00u7");
        let path = path.replace("{event}", "e7");
        for method in [Method::GET, Method::PUT, Method::POST, Method::DELETE, Method::PATCH] {
            let documented = item.get(method.as_str().to_lowercase()).is_some();
            let request = world.api.request(method.clone(), &path);
            let (status, answer) = world.api.answer(request).await;
            assert_eq!(status != 405, documented, "{method} {path}: {answer}");
            let nothing = answer["detail"] == "the API has no such path";
            assert!(!nothing, "{method} {path}");
        }
    }
    let lost = world.api.get("/nowhere", 404).await;
    assert_eq!(lost["detail"], "the API has no such path");
    world.end().await;
}

#[test]
fn operations_document_security_and_errors() {
    let document = sync_console::openapi();
    assert_eq!(document["openapi"], "3.1.0");
    let mut ids = Vec::new();
    for item in document["paths"].as_object().unwrap().values() {
        for (method, operation) in item.as_object().unwrap() {
            ids.push(operation["operationId"].as_str().unwrap().to_owned());
            let security = operation["security"].as_array().unwrap();
            assert_eq!(security[1].get("csrf").is_some(), method != "get", "{operation}");
            assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{operation}");
            assert!(operation["responses"].get("401").is_some(), "{operation}");
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all, "operations are told apart by their ids");
    resolves(&document, &document);
}

/// Every reference leads somewhere.
fn resolves(document: &Value, value: &Value) {
    match value {
        Value::Object(object) => {
            if let Some(target) = object.get("$ref").and_then(Value::as_str) {
                assert!(document.pointer(target.trim_start_matches('#')).is_some(), "{target}");
            }
            object.values().for_each(|value| resolves(document, value));
        }
        Value::Array(items) => items.iter().for_each(|value| resolves(document, value)),
        _ => {}
    }
}
