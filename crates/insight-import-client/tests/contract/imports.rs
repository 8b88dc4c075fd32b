//! The import source and its executions.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, stream};
use insight_import_client::{Chunk, ChunkLimits, Error, ImportClient, OutcomeLimits, Remedy, chunks};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::*;

#[tokio::test]
async fn legacy_info_path_is_tried_once() {
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
async fn cross_origin_link_is_rejected() {
    let server = MockServer::start().await;
    let foreign = json!({"links": {"getStatus": "https://evil.example/s", "start": "/x", "mapping": "/y"}});
    answer(&server, "GET", "/jsm/assets/v1/imports/info", 200, foreign).await;
    let error = client(&server).config_status().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the link \"getStatus\" has the origin https://evil.example; no credentials were sent"
    );
}

#[tokio::test]
async fn invalid_token_error_hides_token() {
    let server = MockServer::start().await;
    let body = json!({"code": 401, "message": "Unauthorized"});
    answer(&server, "GET", "/jsm/assets/v1/imports/info", 401, body).await;
    let assets = client(&server);
    let error = assets.start().await.unwrap_err();
    assert!(matches!(error, Error::InvalidImportToken) && error.remedy() == Some(Remedy::RenewImportToken));
    assert!(!format!("{assets:?}{error:?}").contains("ATCTT3xtoken"));
}

#[tokio::test]
async fn start_errors_are_classified_without_retry() {
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
async fn records_are_sent_only_during_ingesting() {
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
    let execution = client(&server).start().await.unwrap();
    assert_eq!(execution.id(), "e1");
    assert_eq!(
        execution.submit(&Chunk::new("a", [json!({"id": 1}), json!({"id": 2})])).await.unwrap().chunks,
        1
    );
    let requests = server.received_requests().await.unwrap();
    let ends: Vec<&str> = requests.iter().filter_map(|r| r.url.path().strip_prefix(EXECUTION)).collect();
    assert_eq!(ends, ["/status", "/status", "/data"], "asked until it takes records, and not before");
    let outcome = execution.complete().await.unwrap().outcome(&OutcomeLimits::default()).await.unwrap();
    assert!(outcome.ok && outcome.types[0].unaccounted() == 0);
    let bodies = sent(&server, &format!("{EXECUTION}/data")).await;
    let body = |n: usize| serde_json::from_slice::<Value>(&bodies[n].body).unwrap();
    assert_eq!(body(0)["data"]["a"].as_array().unwrap().len(), 2);
    assert_eq!(body(1), json!({"completed": true}));
}

#[tokio::test]
async fn oversized_chunk_is_sent_in_halves() {
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
    let execution = client(&server).start().await.unwrap();
    assert_eq!(execution.submit(&Chunk::new("a", (0..3).map(|n| json!({"id": n})))).await.unwrap().chunks, 3);
    let calls = sent(&server, &data).await;
    assert_eq!(calls[0].body, calls[1].body, "the repeat after 503 is the same to the letter");
    answer(&server, "DELETE", EXECUTION, 200, Value::Null).await;
    answer(&server, "POST", &format!("{EXECUTION}/history/failed"), 204, Value::Null).await;
    execution.cancel("enough").await.unwrap();
    let reason = &sent(&server, &format!("{EXECUTION}/history/failed")).await[0].body;
    assert_eq!(serde_json::from_slice::<Value>(reason).unwrap(), json!({"failureReason": "enough"}));
}

#[tokio::test]
async fn abandoned_execution_is_canceled() {
    let server = server().await;
    let running = json!({"status": "RUNNING", "links": {"cancel": format!("{}{EXECUTION}", server.uri())}});
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, running).await;
    answer(&server, "DELETE", EXECUTION, 200, Value::Null).await;
    let assets = client(&server);
    assert!(assets.cancel_running().await.unwrap());
    let server = self::server().await;
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "IDLE"})).await;
    let unknown = hurried(async { client(&server).execution_status("unknown").await }).await;
    assert!(unknown.unwrap().is_none());
}

#[tokio::test]
async fn lost_start_response_names_execution() {
    let server = server().await;
    let at = format!("{SOURCE}/executions");
    answer(&server, "POST", &at, 504, Value::Null).await;
    let latest = json!({"status": "INGESTING", "executionId": "e7"});
    answer(&server, "GET", &format!("{at}/status"), 200, latest).await;
    let assets = client(&server);
    let error = assets.start().await.unwrap_err();
    let Error::StartResultUnknown { execution: Some(id) } = &error else { panic!("{error:?}") };
    assert!(error.is_transient());
    assert_eq!(sent(&server, &at).await.len(), 1, "not started twice");
    // It can be gone on with, or ended.
    answer(&server, "GET", &format!("{at}/e7/status"), 200, json!({"status": "INGESTING"})).await;
    answer(&server, "POST", &format!("{at}/e7/data"), 200, Value::Null).await;
    let execution = assets.resume(id).await.unwrap();
    execution.submit(&Chunk::new("a", [json!({"id": 1})])).await.unwrap();
}

#[tokio::test]
async fn throttled_start_is_retried() {
    let server = with_execution().await;
    // Mounted later, asked later: the refusal must come first.
    server.reset().await;
    Mock::given(path("/jsm/assets/v1/imports/info"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links(&server)))
        .mount(&server)
        .await;
    let at = format!("{SOURCE}/executions");
    once(&server, "POST", &at, ResponseTemplate::new(429).insert_header("retry-after", "5")).await;
    answer(&server, "POST", &at, 409, json!({"errorCode": "IN_PROGRESS"})).await;
    let began = tokio::time::Instant::now();
    let error = hurried(async { client(&server).start().await }).await.unwrap_err();
    assert!(matches!(error, Error::InProgress));
    assert!(began.elapsed() >= Duration::from_secs(5));
}

#[tokio::test]
async fn broken_links_are_discovered_again() {
    let server = MockServer::start().await;
    let info = |source: &str| {
        let link = |end: &str| format!("{}/{source}/{end}", server.uri());
        ResponseTemplate::new(200).set_body_json(json!({"links": {"getStatus": link("configstatus"),
            "start": link("executions"), "mapping": link("mapping")}}))
    };
    once(&server, "GET", "/jsm/assets/v1/imports/info", info("old")).await;
    Mock::given(path("/jsm/assets/v1/imports/info")).respond_with(info("new")).mount(&server).await;
    once(
        &server,
        "GET",
        "/old/configstatus",
        ResponseTemplate::new(200).set_body_json(json!({"status": "IDLE"})),
    )
    .await;
    answer(&server, "GET", "/new/configstatus", 200, json!({"status": "DISABLED"})).await;
    let assets = client(&server);
    assert_eq!(format!("{:?}", assets.config_status().await.unwrap().status), "Idle");
    assert_eq!(format!("{:?}", assets.config_status().await.unwrap().status), "Disabled");
}

/// A server whose execution takes whatever it is sent, slowly.
pub(super) async fn accepting_server(delay: Duration) -> MockServer {
    let server = with_execution().await;
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "INGESTING"})).await;
    let slow = ResponseTemplate::new(200).set_delay(delay);
    Mock::given(method("POST"))
        .and(path(format!("{EXECUTION}/data")))
        .respond_with(slow)
        .mount(&server)
        .await;
    server
}

#[tokio::test]
async fn submission_limits_concurrency_and_read_ahead() {
    let server = accepting_server(Duration::from_millis(40)).await;
    let assets =
        ImportClient::builder("ATCTT3xtoken".into()).api_url(server.uri()).concurrency(9).build().unwrap();
    let execution = assets.start().await.unwrap();
    let read = AtomicUsize::new(0);
    let records = stream::iter(0..120).map(|n| {
        read.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Error>(("a".to_owned(), json!({"id": n})))
    });
    let limits = ChunkLimits { records: 10, ..ChunkLimits::default() };
    let most = AtomicUsize::new(0);
    let watching = async {
        loop {
            most.fetch_max(assets.pace().in_flight, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(5)).await;
            let arrived = sent(&server, &format!("{EXECUTION}/data")).await.len();
            // Three under way, and the record that closed the third.
            assert!(read.load(Ordering::SeqCst) <= (arrived + 4) * 10 + 1, "read ahead");
        }
    };
    let sent_chunks = tokio::select! {
        sent = execution.submit_all(chunks(records, limits), 3) => sent.unwrap(),
        () = watching => unreachable!("it watches without end"),
    };
    assert_eq!(sent_chunks.chunks, 12);
    assert!((2..=3).contains(&most.load(Ordering::SeqCst)), "{most:?}");
    let _processing = execution.complete().await.unwrap();
    let bodies = sent(&server, &format!("{EXECUTION}/data")).await;
    let last: Value = serde_json::from_slice(&bodies.last().unwrap().body).unwrap();
    assert_eq!((bodies.len(), last["completed"].as_bool()), (13, Some(true)), "completed goes last");
}

#[tokio::test]
async fn failed_source_or_chunk_stops_submission() {
    let server = accepting_server(Duration::ZERO).await;
    let execution = client(&server).start().await.unwrap();
    let broken = stream::iter([
        Ok(Chunk::new("a", [json!({"id": 1})])),
        Err(Error::WrongState { state: "broken".into(), wanted: "read" }),
        Ok(Chunk::new("a", [json!({"id": 2})])),
    ]);
    assert!(matches!(execution.submit_all(broken, 1).await, Err(Error::WrongState { .. })));
    assert!(sent(&server, &format!("{EXECUTION}/data")).await.len() <= 1);

    let server = with_execution().await;
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "INGESTING"})).await;
    answer(&server, "POST", &format!("{EXECUTION}/data"), 400, json!({"errorMessages": ["no"]})).await;
    let execution = client(&server).start().await.unwrap();
    let good = stream::iter((0..50).map(|n| Ok::<_, Error>(Chunk::new("a", [json!({"id": n})]))));
    assert!(matches!(execution.submit_all(good, 2).await, Err(Error::Api { status: 400, .. })));
    assert!(sent(&server, &format!("{EXECUTION}/data")).await.len() < 25);
}

#[tokio::test]
async fn half_chunk_ids_extend_original_id() {
    let server = with_execution().await;
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "INGESTING"})).await;
    once(&server, "POST", &format!("{EXECUTION}/data"), ResponseTemplate::new(413)).await;
    answer(&server, "POST", &format!("{EXECUTION}/data"), 200, Value::Null).await;
    let chunk = Chunk::new("a", [json!({"id": 1}), json!({"id": 2})]);
    client(&server).start().await.unwrap().submit(&chunk).await.unwrap();
    let bodies = sent(&server, &format!("{EXECUTION}/data")).await;
    let ids: Vec<String> = bodies
        .iter()
        .map(|r| {
            serde_json::from_slice::<Value>(&r.body).unwrap()["clientGeneratedId"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    let whole = chunk.client_generated_id();
    assert_eq!(ids, [whole.to_owned(), format!("{whole}/1"), format!("{whole}/2")]);
}

#[tokio::test]
async fn outcome_fails_on_timeout_or_cancellation() {
    for (state, wanted) in [("SOMETHING_NEW", "TimedOut"), ("CANCELLED", "WrongState")] {
        let server = with_execution().await;
        once(
            &server,
            "GET",
            &format!("{EXECUTION}/status"),
            ResponseTemplate::new(200).set_body_json(json!({"status": "INGESTING"})),
        )
        .await;
        answer(&server, "POST", &format!("{EXECUTION}/data"), 200, Value::Null).await;
        answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": state})).await;
        let execution = client(&server).start().await.unwrap();
        execution.submit(&Chunk::new("a", [json!({"id": 1})])).await.unwrap();
        let processing = execution.complete().await.unwrap();
        let limits = OutcomeLimits { total: Duration::from_mins(5), ..OutcomeLimits::default() };
        let error = hurried(processing.outcome(&limits)).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(wanted), "{error:?}");
    }
}

#[tokio::test]
async fn import_token_reads_source_settings() {
    let server = server().await;
    let source =
        json!({"id": "i", "name": "Okta", "objectSchemaId": 7, "defaultHandleEmptyValues": "IGNORE"});
    answer(&server, "GET", SOURCE, 200, source).await;
    let assets = client(&server);
    assert_eq!(assets.settings().await.unwrap().ignores_empty_values(), Some(true));
    assert_eq!(
        (assets.source_id().await.unwrap(), assets.workspace_id().await.unwrap()),
        ("i".into(), "w".into())
    );
}
