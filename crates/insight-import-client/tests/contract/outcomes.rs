//! Executions by ID, as another process finds them, and their outcomes.

use std::time::Duration;

use insight_import_client::{Chunk, Error, ExecutionState, ImportApi, OutcomeLimits};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::imports::accepting_server;
use super::support::*;

/// A substitute that does not do anything.
struct Nothing;

impl ImportApi for Nothing {}

#[tokio::test]
async fn trait_runs_import_by_id() {
    let server = accepting_server(Duration::ZERO).await;
    let assets = client(&server);
    let api: &dyn ImportApi = &assets;
    let id = api.start_execution().await.unwrap();
    api.submit(&id, &Chunk::new("a", [json!({"id": 1})])).await.unwrap();
    api.complete(&id).await.unwrap();
    assert_eq!(api.execution_status(&id).await.unwrap().unwrap().state, ExecutionState::Ingesting);
    assert!(matches!(Nothing.start_execution().await, Err(Error::Unsupported("start_execution"))));
}

#[tokio::test]
async fn execution_outcome_is_awaited_by_id() {
    let server = server().await;
    let status = format!("{SOURCE}/executions/e9/status");
    let working = ResponseTemplate::new(200).set_body_json(json!({"status": "PROCESSING"}));
    once(&server, "GET", &status, working).await;
    let counters = json!({"objectTypeName": "A", "entriesInSource": 3, "objectsUpdated": 2, "duplicateEnries": 1,
        "objectsMissingDeleted": 4, "errorMessages": {"row": "is odd"}, "errorCount": 1});
    let result =
        json!({"result": "OK", "objectTypeResultMap": {"1": counters}, "infoMessage": "No data to import"});
    answer(&server, "GET", &status, 200, json!({"status": "DONE", "progressResult": result})).await;
    let outcome = client(&server).await_outcome("e9", &OutcomeLimits::default()).await.unwrap();
    assert_eq!((outcome.ok, outcome.is_clean(), outcome.rejected()), (true, false, 1));
    assert_eq!(outcome.types[0].missing_deleted, 4);
    assert_eq!(
        outcome.types[0].messages(),
        ["1 entry with the identity of another entry", "1 error", "row: is odd"]
    );
}

#[tokio::test]
async fn await_idle_reports_blocking_states() {
    for (then, told) in
        [("IDLE", "Ok(())"), ("DISABLED", "Err(Disabled)"), ("MISSING_MAPPING", "Err(MissingMapping)")]
    {
        let server = server().await;
        let at = format!("{SOURCE}/configstatus");
        let running = ResponseTemplate::new(200).set_body_json(json!({"status": "RUNNING"}));
        once(&server, "GET", &at, running).await;
        answer(&server, "GET", &at, 200, json!({"status": then})).await;
        assert_eq!(format!("{:?}", client(&server).await_idle(&OutcomeLimits::default()).await), told);
    }
    let server = server().await;
    answer(&server, "GET", &format!("{SOURCE}/configstatus"), 200, json!({"status": "RUNNING"})).await;
    let limits = OutcomeLimits { total: Duration::from_secs(40), ..OutcomeLimits::default() };
    let error = hurried(async { client(&server).await_idle(&limits).await }).await.unwrap_err();
    assert_eq!(error.to_string(), "the running execution didn't finish within 40 s");
}
