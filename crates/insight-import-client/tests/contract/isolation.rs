//! Records that Assets refuses over HTTP are told from those that travel with them, and lost answers from refusals.

use insight_import_client::{Chunk, Error, Execution, ExecutionState, OutcomeLimits, Submitted};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use super::support::*;

fn ids(request: &Request) -> Vec<u64> {
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    body["data"]["a"].as_array().into_iter().flatten().filter_map(|r| r["id"].as_u64()).collect()
}

/// An execution whose data call refuses some requests.
async fn refusing(
    refuses: impl Fn(&[u64], usize) -> Option<ResponseTemplate> + Send + Sync + 'static,
) -> (MockServer, Execution) {
    let server = with_execution().await;
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "INGESTING"})).await;
    Mock::given(method("POST"))
        .and(path(format!("{EXECUTION}/data")))
        .respond_with(move |request: &Request| {
            refuses(&ids(request), request.body.len()).unwrap_or_else(|| ResponseTemplate::new(200))
        })
        .mount(&server)
        .await;
    let execution = client(&server).start().await.unwrap();
    (server, execution)
}

fn chunk(records: u64) -> Chunk {
    Chunk::new("a", (0..records).map(|n| json!({ "id": n })))
}

fn refusal(status: u16, text: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({ "errorMessages": [text], "errors": {} }))
}

fn named(submitted: &Submitted) -> Vec<u64> {
    submitted.refused.iter().map(|refused| refused.rows[0]["id"].as_u64().unwrap()).collect()
}

/// The records that were accepted.
async fn accepted(server: &MockServer, refuses: impl Fn(&[u64]) -> bool) -> Vec<u64> {
    let calls = sent(server, &format!("{EXECUTION}/data")).await;
    let mut all: Vec<u64> = calls.iter().map(ids).filter(|ids| !refuses(ids)).flatten().collect();
    all.sort_unstable();
    all
}

#[tokio::test]
async fn rejected_records_are_isolated_in_execution() {
    let bad = |ids: &[u64]| ids.contains(&3) || ids.contains(&412);
    let (server, execution) = refusing(move |ids, _| {
        bad(ids).then(|| refusal(if ids.contains(&3) { 400 } else { 422 }, "Invalid value for attribute"))
    })
    .await;
    let submitted = execution.submit(&chunk(500)).await.unwrap();
    assert_eq!(named(&submitted), [3, 412]);
    let told = submitted.refused[0].error.to_string();
    assert!(told.contains("Invalid value for attribute"), "{told}");
    let expected: Vec<u64> = (0..500).filter(|n| *n != 3 && *n != 412).collect();
    assert_eq!(accepted(&server, bad).await, expected);
    let requests = sent(&server, &format!("{EXECUTION}/data")).await.len();
    assert!(requests < 50, "{requests} requests");
}

#[tokio::test]
async fn conflicting_records_are_sent_apart() {
    let together = |ids: &[u64]| ids.contains(&3) && ids.contains(&5);
    let (server, execution) = refusing(move |ids, _| together(ids).then(|| refusal(400, "a clash"))).await;
    let submitted = execution.submit(&chunk(8)).await.unwrap();
    assert!(submitted.refused.is_empty());
    assert_eq!(accepted(&server, together).await, (0..8).collect::<Vec<_>>());
}

#[tokio::test]
async fn oversized_record_is_reported() {
    let (_server, execution) = refusing(|_, bytes| (bytes > 500).then(|| refusal(413, "too large"))).await;
    let mut records: Vec<Value> = (0..30).map(|n| json!({ "id": n })).collect();
    records.insert(9, json!({ "id": 99, "notes": "x".repeat(2000) }));
    let submitted = execution.submit(&Chunk::new("a", records)).await.unwrap();
    assert_eq!(named(&submitted), [99]);
    assert!(submitted.refused[0].bytes > 2000 && submitted.too_large.is_some_and(|bytes| bytes < 2500));
}

#[tokio::test]
async fn rejecting_everything_fails_the_submission() {
    let (server, execution) = refusing(|_, _| Some(refusal(400, "the mapping is gone"))).await;
    let error = execution.submit(&chunk(500)).await.unwrap_err();
    assert!(error.to_string().contains("the mapping is gone"), "{error}");
    assert!(!execution.has_records());
    let requests = sent(&server, &format!("{EXECUTION}/data")).await.len();
    assert!(requests < 80, "{requests} requests");
}

#[tokio::test]
async fn transient_404_does_not_end_execution() {
    let server = with_execution().await;
    let status = format!("{EXECUTION}/status");
    answer(&server, "POST", &format!("{EXECUTION}/data"), 200, Value::Null).await;
    once(&server, "GET", &status, ResponseTemplate::new(200).set_body_json(json!({"status": "INGESTING"})))
        .await;
    once(&server, "GET", &status, ResponseTemplate::new(404)).await;
    once(&server, "GET", &status, ResponseTemplate::new(404)).await;
    let done = json!({"status": "DONE", "progressResult": {"result": "OK"}});
    answer(&server, "GET", &status, 200, done).await;
    let assets = client(&server);
    let execution = assets.start().await.unwrap();
    execution.submit(&chunk(1)).await.unwrap();
    let processing = execution.complete().await.unwrap();
    assert!(processing.outcome(&OutcomeLimits::default()).await.unwrap().ok);
}

#[tokio::test]
async fn execution_not_found_is_checked_again() {
    let server = server().await;
    let status = format!("{EXECUTION}/status");
    for _ in 0..2 {
        once(&server, "GET", &status, ResponseTemplate::new(404)).await;
    }
    answer(&server, "GET", &status, 200, json!({"status": "PROCESSING", "executionId": "e1"})).await;
    let found = hurried(async { client(&server).execution_status("e1").await }).await.unwrap();
    assert_eq!(found.unwrap().state, ExecutionState::Processing);
    // Unknown, while the import source works on something.
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "RUNNING"})).await;
    let error = hurried(async { client(&server).execution_status("e2").await }).await.unwrap_err();
    assert!(matches!(error, Error::InProgress), "{error:?}");
}

#[tokio::test]
async fn html_404_says_nothing_about_execution() {
    let server = server().await;
    let page = || ResponseTemplate::new(404).set_body_raw("<html>Not here</html>", "text/html");
    for _ in 0..3 {
        once(&server, "GET", &format!("{EXECUTION}/status"), page()).await;
    }
    answer(&server, "GET", &format!("{EXECUTION}/status"), 200, json!({"status": "PROCESSING"})).await;
    let found = hurried(async { client(&server).execution_status("e1").await }).await.unwrap();
    assert_eq!(found.unwrap().state, ExecutionState::Processing);
}

#[tokio::test]
async fn lost_mapping_response_is_read_back() {
    for (verb, repeat) in [
        ("PUT", json!({"errorMessages": ["A mapping already exists for this import source"]})),
        ("PUT", json!({"dataValidationErrors": [{"code": "SCHEMA_INVALID_EXTERNAL_ID"}]})),
        ("PATCH", json!({"errorMessages": ["Nothing to change"]})),
    ] {
        for shown_at_once in [true, false] {
            let server = server().await;
            let at = format!("{SOURCE}/mapping");
            once(&server, verb, &at, ResponseTemplate::new(502).set_body_string("<html>")).await;
            answer(&server, verb, &at, 400, repeat.clone()).await;
            if !shown_at_once {
                let missing = ResponseTemplate::new(200).set_body_json(json!({"status": "MISSING_MAPPING"}));
                once(&server, "GET", &format!("{SOURCE}/configstatus"), missing).await;
            }
            answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "IDLE"})).await;
            answer(&server, "GET", &format!("{SOURCE}/schema-and-mapping"), 200, json!(document())).await;
            let assets = client(&server);
            let result = hurried(async {
                match verb {
                    "PUT" => assets.put_mapping(&document()).await,
                    _ => assets.patch_mapping(&document()).await,
                }
            });
            result.await.unwrap();
            let sent = sent(&server, &at).await.len();
            assert_eq!(sent, if shown_at_once { 1 } else { 2 }, "{verb}");
        }
    }
}

#[tokio::test]
async fn unapplied_mapping_stays_rejected() {
    let server = server().await;
    let at = format!("{SOURCE}/mapping");
    once(&server, "PUT", &at, ResponseTemplate::new(502)).await;
    answer(&server, "PUT", &at, 400, json!({"dataValidationErrors": [{"code": "EXTERNAL_ID_MISMATCH"}]}))
        .await;
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "MISSING_MAPPING"}))
        .await;
    let error = hurried(async { client(&server).put_mapping(&document()).await }).await.unwrap_err();
    assert!(matches!(error, Error::InvalidMapping(_)), "{error:?}");
}
