//! The rules of the imports API, against canned answers.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use insight_import_client::document::SchemaAndMapping;
use insight_import_client::{Chunk, Error, ImportClient, OutcomeLimits};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const SOURCE: &str = "/jsm/assets/workspace/w/v1/importsource/i";
const EXECUTION: &str = "/jsm/assets/workspace/w/v1/importsource/i/executions/e1";

fn client(server: &MockServer) -> ImportClient {
    ImportClient::builder("ATCTT3xtoken".into()).api_url(server.uri()).build().unwrap()
}

async fn answer(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    let response = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(server).await;
}

async fn once(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).up_to_n_times(1).mount(server).await;
}

async fn sent(server: &MockServer, at: &str) -> Vec<Request> {
    server.received_requests().await.unwrap().into_iter().filter(|r| r.url.path() == at).collect()
}

fn links(server: &MockServer) -> Value {
    let link = |end: &str| format!("{}{SOURCE}/{end}", server.uri());
    json!({"links": {"getStatus": link("configstatus"), "start": link("executions"), "mapping": link("mapping")}})
}

async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/jsm/assets/v1/imports/info"))
        .and(header("authorization", "Bearer ATCTT3xtoken"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links(&server)))
        .mount(&server)
        .await;
    server
}

/// A server on which an execution can be started.
async fn with_execution() -> MockServer {
    let server = server().await;
    let link = |end: &str| format!("{}{EXECUTION}{end}", server.uri());
    let started = json!({"result": "success", "links": {"submitProgress": link("/progress"),
        "submitResults": link("/data"), "getExecutionStatus": link("/status"), "cancel": link("")}});
    answer(&server, "POST", &format!("{SOURCE}/executions"), 200, started).await;
    server
}

fn document() -> SchemaAndMapping {
    serde_json::from_value(json!({"mapping": {"objectTypeMappings": []}, "schema": {"objectSchema": {
        "name": "n", "description": "d", "objectTypes": [
            {"externalId": "p/type/a", "name": "A", "description": "", "attributes": [], "iconKey": "kept"}]}}}))
    .unwrap()
}

#[tokio::test]
async fn the_old_name_of_link_discovery_is_tried_and_links_are_asked_for_once() {
    let server = MockServer::start().await;
    answer(&server, "GET", "/jsm/insight/v1/imports/info", 200, links(&server)).await;
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "MISSING_MAPPING"}))
        .await;
    let assets = client(&server);
    assert!(assets.schema_and_mapping().await.unwrap().is_none());
    assets.config_status().await.unwrap();
    assert_eq!(sent(&server, "/jsm/insight/v1/imports/info").await.len(), 1);
}

#[tokio::test]
async fn a_link_to_another_origin_is_not_followed() {
    let server = MockServer::start().await;
    let foreign = json!({"links": {"getStatus": "https://evil.example/s", "start": "/x", "mapping": "/y"}});
    answer(&server, "GET", "/jsm/assets/v1/imports/info", 200, foreign).await;
    let error = client(&server).config_status().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the link \"getStatus\" leads to https://evil.example; the import token stays home"
    );
}

#[tokio::test]
async fn a_dead_token_is_told_with_its_remedy_and_not_shown() {
    let server = MockServer::start().await;
    let body = json!({"code": 401, "message": "Unauthorized"});
    answer(&server, "GET", "/jsm/assets/v1/imports/info", 401, body).await;
    let assets = client(&server);
    let error = assets.start().await.unwrap_err();
    assert!(matches!(error, Error::DeadToken) && error.hint().unwrap().contains("generate a new token"));
    assert!(!format!("{assets:?}{error:?}").contains("ATCTT3xtoken"));
}

#[tokio::test]
async fn put_patch_and_get_carry_the_document_whole() {
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
async fn an_asynchronous_change_is_followed_to_its_end() {
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
async fn validation_codes_are_explained_and_unknown_ones_shown() {
    let server = server().await;
    let body = json!({"dataValidationErrors": [
        {"code": "UNKNOWN_REFERENCE", "path": "schema.objectTypes[0]"}, {"code": "BRAND_NEW"}]});
    answer(&server, "PUT", &format!("{SOURCE}/mapping"), 400, body).await;
    let error = client(&server).put_mapping(&document()).await.unwrap_err();
    insta::assert_snapshot!(error.to_string());
}

#[tokio::test]
async fn refusals_to_start_are_told_apart_and_a_start_that_may_have_worked_is_not_repeated() {
    let at = format!("{SOURCE}/executions");
    for (code, told) in
        [("IN_PROGRESS", "InProgress"), ("DISABLED", "Disabled"), ("MISSING_MAPPING", "MissingMapping")]
    {
        let server = server().await;
        answer(&server, "POST", &at, 409, json!({"result": "error", "errorCode": code})).await;
        assert_eq!(format!("{:?}", client(&server).start().await.unwrap_err()), told);
    }
    let server = server().await;
    answer(&server, "POST", &at, 500, json!({})).await;
    client(&server).start().await.unwrap_err();
    assert_eq!(sent(&server, &at).await.len(), 1);
}

#[tokio::test]
async fn records_go_after_ingesting_began_and_completed_goes_last() {
    let server = with_execution().await;
    for state in ["STARTING", "INGESTING", "PROCESSING"] {
        let response =
            ResponseTemplate::new(200).set_body_json(json!({"status": state, "executionId": "e1"}));
        once(&server, "GET", &format!("{EXECUTION}/status"), response).await;
    }
    let counters =
        json!({"objectTypeName": "A", "entriesInSource": 2, "objectsCreated": 1, "objectsIdentical": 1});
    let result = json!({"result": "OK", "objectTypeResultMap": {"1": counters}});
    let done = json!({"status": "DONE", "progressResult": result});
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, done).await;
    answer(&server, "POST", &format!("{EXECUTION}/data"), 200, Value::Null).await;
    let mut execution = client(&server).start().await.unwrap();
    assert_eq!(execution.id(), "e1");
    assert_eq!(execution.submit(&Chunk::new("a", [json!({"id": 1}), json!({"id": 2})])).await.unwrap(), 1);
    let outcome = execution.complete().await.unwrap().outcome(&OutcomeLimits::default()).await.unwrap();
    assert!(outcome.ok && outcome.types[0].unaccounted() == 0);
    let bodies = sent(&server, &format!("{EXECUTION}/data")).await;
    let body = |n: usize| serde_json::from_slice::<Value>(&bodies[n].body).unwrap();
    assert_eq!(body(0)["data"]["a"].as_array().unwrap().len(), 2);
    assert_eq!(body(1), json!({"completed": true}));
}

#[tokio::test]
async fn a_large_chunk_goes_in_halves_a_repeat_keeps_its_id_and_cancelling_leaves_the_reason() {
    let server = with_execution().await;
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "INGESTING"})).await;
    let data = format!("{EXECUTION}/data");
    once(&server, "POST", &data, ResponseTemplate::new(503).insert_header("retry-after", "0")).await;
    Mock::given(method("POST"))
        .and(path(data.clone()))
        .respond_with(|request: &Request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap();
            ResponseTemplate::new(if body["data"]["a"].as_array().map_or(0, Vec::len) > 1 {
                413
            } else {
                200
            })
        })
        .mount(&server)
        .await;
    let mut execution = client(&server).start().await.unwrap();
    assert_eq!(execution.submit(&Chunk::new("a", (0..3).map(|n| json!({"id": n})))).await.unwrap(), 3);
    let calls = sent(&server, &data).await;
    assert_eq!(calls[0].body, calls[1].body, "the repeat after 503 is the same to the letter");
    answer(&server, "DELETE", EXECUTION, 200, Value::Null).await;
    answer(&server, "POST", &format!("{EXECUTION}/history/failed"), 204, Value::Null).await;
    execution.cancel("enough").await.unwrap();
    let reason = &sent(&server, &format!("{EXECUTION}/history/failed")).await[0].body;
    assert_eq!(serde_json::from_slice::<Value>(reason).unwrap(), json!({"failureReason": "enough"}));
}

#[tokio::test]
async fn an_execution_left_behind_is_found_and_cancelled_and_an_unknown_one_is_none() {
    let server = server().await;
    let running = json!({"status": "RUNNING", "links": {"cancel": format!("{}{EXECUTION}", server.uri())}});
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, running).await;
    answer(&server, "DELETE", EXECUTION, 200, Value::Null).await;
    let assets = client(&server);
    assert!(assets.cancel_running().await.unwrap());
    assert!(assets.execution_status("unknown").await.unwrap().is_none());
}
