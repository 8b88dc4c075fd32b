//! Executions: their stages, and how they can go wrong.

use serde_json::{Value, json};

use crate::env::TestEnv;

fn groups(count: usize) -> Value {
    (0..count).map(|n| json!({"id": format!("g{n}"), "name": format!("Group {n}")})).collect()
}

#[tokio::test]
async fn second_execution_conflicts_until_first_ends() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("executions.stuck=told").await;
    let execution = env.begin().await;
    let busy = env.import("POST", "/executions", &Value::Null).await;
    assert_eq!((busy.status, busy.json()), (409, json!({"result": "error", "errorCode": "IN_PROGRESS"})));
    env.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    assert_eq!(env.status(&execution).await["status"], "PROCESSING");
    assert_eq!(env.import("POST", "/executions", &Value::Null).await.status, 409);
    let latest = env.import("GET", "/executions/status", &Value::Null).await.json();
    assert_eq!(latest["status"], "PROCESSING");
    env.control("POST", "/release", Value::Null).await;
    env.outcome(&execution).await;
    assert_eq!(env.import("POST", "/executions", &Value::Null).await.status, 200);
}

#[tokio::test]
async fn execution_needs_mapping_and_enabled_source() {
    let env = TestEnv::new().await;
    let refused = env.import("POST", "/executions", &Value::Null).await;
    assert_eq!((refused.status, &refused.json()["errorCode"]), (409, &json!("MISSING_MAPPING")));
    let env = env.mapped().await;
    env.control("PUT", "/insight/settings", json!({"disabled": true})).await;
    let refused = env.import("POST", "/executions", &Value::Null).await;
    assert_eq!((refused.status, &refused.json()["errorCode"]), (409, &json!("DISABLED")));
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.json()["status"], "DISABLED");
}

#[tokio::test]
async fn cancel_is_rejected_after_completion_flag() {
    let env = TestEnv::new().await.mapped().await;
    let execution = env.begin().await;
    env.import("POST", &format!("{execution}/data"), &json!({"data": {"groups": groups(2)}})).await;
    assert_eq!(env.import("DELETE", &execution, &Value::Null).await.status, 200);
    assert_eq!(env.status(&execution).await["status"], "CANCELLED");
    assert!(env.objects("group").await.is_empty());
    env.faults("executions.stuck=told").await;
    let execution = env.begin().await;
    env.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    assert_eq!(env.import("DELETE", &execution, &Value::Null).await.status, 400);
}

#[tokio::test]
async fn early_data_leaves_execution_in_processing() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("executions.slow-start=100000").await;
    let execution = env.begin().await;
    let early = env.status(&execution).await["status"].as_str().unwrap().to_owned();
    assert!(!["INGESTING", "PROCESSING", "DONE", "CANCELLED"].contains(&early.as_str()));
    let sent = env
        .import(
            "POST",
            &format!("{execution}/data"),
            &json!({"data": {"groups": groups(1)}, "completed": true}),
        )
        .await;
    assert_eq!(sent.status, 200);
    tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    assert_eq!(env.status(&execution).await["status"], "PROCESSING");
    env.control("POST", "/release", Value::Null).await;
    env.outcome(&execution).await;
}

#[tokio::test]
async fn slow_start_accepts_data_once_ingesting() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("executions.slow-start=30").await;
    let execution = env.begin().await;
    crate::env::eventually(async || (env.status(&execution).await["status"] == "INGESTING").then_some(()))
        .await;
    env.import(
        "POST",
        &format!("{execution}/data"),
        &json!({"data": {"groups": groups(1)}, "completed": true}),
    )
    .await;
    assert_eq!(env.outcome(&execution).await["progressResult"]["result"], "OK");
}

#[tokio::test]
async fn failed_execution_writes_nothing() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("executions.fail=1").await;
    let status = env.run(json!({"groups": groups(3)})).await;
    assert_eq!((&status["status"], &status["progressResult"]["result"]), (&json!("DONE"), &json!("ERROR")));
    assert!(status["progressResult"]["errorMessages"].is_string());
    assert!(env.objects("group").await.is_empty());
}

#[tokio::test]
async fn dropped_records_count_only_as_source() {
    let env = TestEnv::new().await.mapped().await;
    for (spec, told) in [("executions.drop=1", false), ("executions.type-errors=1", true)] {
        env.faults(spec).await;
        let status = env.run(json!({"groups": groups(7)})).await;
        let result = &status["progressResult"]["objectTypeResultMap"]["101"];
        let number = |name: &str| result[name].as_u64().unwrap();
        assert_eq!(status["progressResult"]["result"], "OK");
        assert_eq!(number("entriesInSource"), 7);
        assert_eq!(
            number("objectsCreated") + number("objectsUpdated") + number("objectsIdentical"),
            4,
            "{spec}"
        );
        assert_eq!(result["errorMessages"].is_array(), told);
    }
    assert_eq!(env.objects("group").await.len(), 4);
}

#[tokio::test]
async fn stuck_execution_ends_after_its_delay() {
    let env = TestEnv::new().await.mapped().await;
    env.faults("executions.stuck=80").await;
    let began = std::time::Instant::now();
    env.run(json!({"groups": groups(1)})).await;
    assert!(began.elapsed().as_millis() >= 80);
}

#[tokio::test]
async fn repeated_chunk_counts_as_duplicates() {
    let env = TestEnv::new().await.mapped().await;
    let execution = env.begin().await;
    let chunk = json!({"data": {"groups": groups(2)}, "clientGeneratedId": "run-1/chunk-0"});
    for _ in 0..2 {
        env.import("POST", &format!("{execution}/data"), &chunk).await;
    }
    env.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    let result = env.outcome(&execution).await["progressResult"]["objectTypeResultMap"]["101"].clone();
    assert_eq!((&result["objectsCreated"], &result["duplicateEnries"]), (&json!(2), &json!(2)));
    let refused = env.import("POST", &format!("{execution}/data"), &chunk).await;
    assert_eq!(refused.status, 400, "nothing is taken after the end was announced");
}

#[tokio::test]
async fn configured_limits_reject_excess() {
    let env = TestEnv::new().await.mapped().await;
    env.control("PUT", "/insight/settings", json!({"chunkLimit": 200, "objectLimit": 3})).await;
    let execution = env.begin().await;
    let large = json!({"data": {"groups": groups(20)}});
    assert_eq!(env.import("POST", &format!("{execution}/data"), &large).await.status, 413);
    env.control("PUT", "/insight/settings", json!({"chunkLimit": null})).await;
    assert_eq!(env.import("POST", &format!("{execution}/data"), &large).await.status, 200);
    env.import("POST", &format!("{execution}/data"), &json!({"completed": true})).await;
    let result = env.outcome(&execution).await["progressResult"]["objectTypeResultMap"]["101"].clone();
    assert_eq!((&result["objectsCreated"], &result["errorCount"]), (&json!(3), &json!(1)));
    env.control("PUT", "/insight/settings", json!({"rateLimit": 1})).await;
    assert_eq!(env.import("GET", "/configstatus", &Value::Null).await.status, 200);
    let limited = env.import("GET", "/configstatus", &Value::Null).await;
    assert!(limited.status == 429 && limited.headers.contains_key("retry-after"));
}

#[tokio::test]
async fn failure_reason_is_kept_in_history() {
    let env = TestEnv::new().await.mapped().await;
    let execution = env.begin().await;
    let reason = json!({"failureReason": "Okta did not answer"});
    assert_eq!(env.import("POST", &format!("{execution}/history/failed"), &reason).await.status, 204);
    assert_eq!(
        env.import("PUT", &format!("{execution}/progress"), &json!({"objects": {"total": 1}})).await.status,
        200
    );
    let history = env.control("GET", "/insight/executions", Value::Null).await;
    assert_eq!(history[0]["failureReason"], "Okta did not answer");
    assert_eq!(env.import("POST", "/executions/none/history/failed", &reason).await.status, 404);
    let running = env.import("GET", "/configstatus", &Value::Null).await.json();
    assert_eq!(
        (running["status"].as_str(), running["links"]["cancel"].as_str()),
        (Some("RUNNING"), Some(execution.as_str()))
    );
}
