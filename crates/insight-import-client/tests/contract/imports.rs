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
        "the link \"getStatus\" has the origin https://evil.example; no credentials were sent"
    );
}

#[tokio::test]
async fn a_dead_token_is_told_with_its_remedy_and_not_shown() {
    let server = MockServer::start().await;
    let body = json!({"code": 401, "message": "Unauthorized"});
    answer(&server, "GET", "/jsm/assets/v1/imports/info", 401, body).await;
    let assets = client(&server);
    let error = assets.start().await.unwrap_err();
    assert!(matches!(error, Error::InvalidImportToken) && error.remedy() == Some(Remedy::RenewImportToken));
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
async fn an_execution_left_behind_is_found_and_cancelled_and_an_unknown_one_is_none() {
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
async fn an_execution_that_may_have_been_started_is_named() {
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
async fn a_start_that_was_refused_for_the_rate_is_tried_again() {
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
async fn links_that_lead_nowhere_are_asked_for_again() {
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
pub(super) async fn taking(delay: Duration) -> MockServer {
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
async fn chunks_are_sent_so_many_at_a_time_and_read_no_faster() {
    let server = taking(Duration::from_millis(40)).await;
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
async fn a_failing_source_or_chunk_ends_the_sending() {
    let server = taking(Duration::ZERO).await;
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
async fn halves_have_ids_made_of_the_whole_s() {
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
async fn an_import_that_does_not_end_is_given_up_and_a_cancelled_one_is_no_outcome() {
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
async fn a_mapping_job_may_be_told_by_an_id_in_the_body() {
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

#[tokio::test]
async fn the_import_token_can_read_what_its_source_says_of_itself() {
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
