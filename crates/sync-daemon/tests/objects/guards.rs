//! Cardinalities, and import sources that delete.

use std::sync::Arc;

use serde_json::{Value, json};
use sync_daemon::ServiceError;
use sync_engine::{
    AlertKind, AlertSink, Fact, Finding, FindingCode, NoopProgress, Remedy, RunState, Safeguards, Subject,
};
use sync_model::UserId;
use tokio_util::sync::CancellationToken;

use crate::test_env::{Account, RecordingAlertSink, set_up, sync, test_env};

#[tokio::test]
async fn low_cardinality_is_corrected_with_account() {
    let world = test_env().await;
    world.settings(json!({ "ignoreCardinality": true })).await;
    let told = set_up(&world.open(Account::Without).await).await;
    assert!(told.fixed_attributes.is_empty());
    let [limited] = told.drift.as_slice() else { panic!("{:?}", told.drift) };
    assert_eq!(limited.fact, Fact::CardinalityTooLow { maximum: 1, required: None });
    assert_eq!(limited.remedy, Some(Remedy::SetCardinality { maximum: None }));
    let corrected = set_up(&world.open(Account::With).await).await;
    assert_eq!(corrected.fixed_attributes, ["Okta User: Okta Groups"]);
    assert!(corrected.drift.is_empty(), "{:?}", corrected.drift);
}

#[tokio::test]
async fn import_removing_missing_objects_is_blocked() {
    let world = test_env().await;
    let connection = world.synced(Account::Without).await;
    let before = world.executions().await;
    world.settings(json!({ "removeMissingObjects": true })).await;
    let user = world.resident().await;
    let connection_after = world.open(Account::Without).await;
    let sync = connection_after
        .engine()
        .full_sync(&Safeguards::default(), &NoopProgress, &CancellationToken::new())
        .await;
    let error = ServiceError::from(sync.unwrap_err());
    insta::assert_snapshot!(format!("{error}\n{:?}", error.remedy()));
    let some = [Subject::User(UserId::new(&user))];
    assert!(
        connection_after
            .engine()
            .targeted_sync(&some, &NoopProgress, &CancellationToken::new())
            .await
            .is_err()
    );
    assert_eq!(world.executions().await, before);
    drop(connection);
}

#[tokio::test]
async fn objects_deleted_by_import_are_restored() {
    let world = test_env().await;
    let heard = Arc::new(RecordingAlertSink::default());
    let connection = world
        .open_with(Account::Without, |ports, _| ports.alerts = Arc::clone(&heard) as Arc<dyn AlertSink>)
        .await;
    set_up(&connection).await;
    sync(&connection).await;
    let user = world.resident().await;
    sync(&connection).await;
    world.strip(&user).await;
    // Switched on after the settings were looked at, while the import waits.
    world.control.call("PUT", "/faults", &json!("executions.stuck=told")).await.unwrap();
    let switched = async {
        world.working().await;
        world.settings(json!({ "removeMissingObjects": true })).await;
        world.control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    };
    let (report, ()) = tokio::join!(sync(&connection), switched);
    let deleted = |finding: &Finding| finding.code() == FindingCode::ObjectsDeleted;
    assert!(report.findings.iter().any(deleted), "{:?}", report.findings);
    let alerts = std::mem::take(&mut *heard.0.lock().unwrap());
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::SafeguardTriggered]);
    assert!(!world.in_sync().await);
    world.settings(json!({ "removeMissingObjects": false })).await;
    let report = sync(&world.open(Account::Without).await).await;
    assert_eq!(report.state, RunState::Succeeded);
    assert!(world.in_sync().await);
}
