//! The schema and mapping of an import source.

use insight_import_client::Error;
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, ResponseTemplate};

use super::support::*;

#[tokio::test]
async fn mapping_document_survives_round_trip() {
    let server = server().await;
    let at = format!("{SOURCE}/mapping");
    Mock::given(method("PUT"))
        .and(path(at.clone()))
        .respond_with(ResponseTemplate::new(409))
        .mount(&server)
        .await;
    Mock::given(method("PATCH"))
        .and(path(at.clone()))
        .respond_with(ResponseTemplate::new(204))
        .mount(&server)
        .await;
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "IDLE"})).await;
    answer(&server, "GET", &format!("{SOURCE}/schema-and-mapping"), 200, json!(document())).await;
    let assets = client(&server);
    assert!(matches!(assets.put_mapping(&document()).await, Err(Error::MappingExists)));
    assets.patch_mapping(&document()).await.unwrap();
    let body: Value = serde_json::from_slice(&sent(&server, &at).await[1].body).unwrap();
    assert_eq!(body["schema"]["objectSchema"]["objectTypes"][0]["iconKey"], "kept");
    assert_eq!(assets.schema_and_mapping().await.unwrap(), Some(document()));
}

#[tokio::test]
async fn asynchronous_mapping_change_is_awaited() {
    let server = server().await;
    let progress = format!("{SOURCE}/mapping/progress/7");
    let accepted = ResponseTemplate::new(303).insert_header("location", progress.as_str());
    once(&server, "PATCH", &format!("{SOURCE}/mapping"), accepted).await;
    let going_on = ResponseTemplate::new(200).set_body_json(json!({"progressStatus": "IN_PROGRESS"}));
    once(&server, "GET", &progress, going_on).await;
    let failed = json!({"progressStatus": "FINISHED", "result": "ERROR", "resultMessage": "no room"});
    answer(&server, "GET", &progress, 200, failed).await;
    let error = client(&server).patch_mapping_async(&document()).await.unwrap_err();
    assert_eq!(error.to_string(), "Assets could not apply the schema and mapping: no room");
    // A proxy may have followed the redirect.
    let body = json!({"progressStatus": "FINISHED", "result": "OK"});
    answer(&server, "PUT", &format!("{SOURCE}/mapping"), 200, body).await;
    client(&server).put_mapping_async(&document()).await.unwrap();
}

#[tokio::test]
async fn validation_codes_have_explanations() {
    let server = server().await;
    let body = json!({"dataValidationErrors": [
        {"code": "SCHEMA_INVALID_EXTERNAL_ID"}, {"code": "EXTERNAL_ID_MISMATCH"},
        {"code": "MAPPING_INVALID_EXTERNAL_ID"}, {"code": "UNKNOWN_EXTERNAL_ID_MAPPING"},
        {"code": "DUPLICATE_EXTERNAL_ID_ILLEGAL"}, {"code": "REFERENCED_OBJECT_TYPE_CHANGED"},
        {"code": "UNKNOWN_REFERENCE", "path": "schema.objectTypes[0]", "line": 7},
        {"code": "BRAND_NEW", "path": "mapping"}, {"message": "nameless"}]});
    answer(&server, "PUT", &format!("{SOURCE}/mapping"), 400, body).await;
    let error = client(&server).put_mapping(&document()).await.unwrap_err();
    let Error::InvalidMapping(findings) = &error else { panic!("{error:?}") };
    assert!(findings[..7].iter().all(|f| f.explanation().is_some() && f.remedy().is_some()));
    insta::assert_snapshot!(error.to_string().replace("; ", ";\n"));
}

#[tokio::test]
async fn mapping_job_needs_id_or_link() {
    let server = server().await;
    answer(&server, "PATCH", &format!("{SOURCE}/mapping"), 200, json!({"resourceId": "9"})).await;
    let failed = json!({"progressStatus": "FAILED", "resultMessage": "no"});
    answer(&server, "GET", &format!("{SOURCE}/mapping/progress/9"), 200, failed).await;
    let error = client(&server).patch_mapping_async(&document()).await.unwrap_err();
    assert!(matches!(error, Error::MappingFailed { .. }), "{error:?}");
    let elsewhere = ResponseTemplate::new(303).insert_header("location", "https://evil.example/progress");
    server.reset().await;
    Mock::given(path("/jsm/assets/v1/imports/info"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links(&server)))
        .mount(&server)
        .await;
    once(&server, "PATCH", &format!("{SOURCE}/mapping"), elsewhere).await;
    let error = client(&server).patch_mapping_async(&document()).await.unwrap_err();
    assert!(matches!(error, Error::CrossOriginLink { link: "Location", .. }), "{error:?}");
    once(&server, "PATCH", &format!("{SOURCE}/mapping"), ResponseTemplate::new(303)).await;
    let error = client(&server).patch_mapping_async(&document()).await.unwrap_err();
    assert!(matches!(error, Error::CrossOriginLink { link: "Location", .. }), "{error:?}");
}
