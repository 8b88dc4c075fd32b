//! Values that the import source keeps.

use std::time::Duration;

use serde_json::{Value, json};
use sync_engine::{Fact, FindingCode, RunReport, RunState};
use sync_model::{RecordKey, UserId};
use tokio_util::sync::CancellationToken;

use crate::test_env::{Account, sync, test_env};

#[tokio::test]
async fn account_clears_stale_values() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    assert!(world.in_sync().await);
    assert_eq!(
        connection.status(1).await.unwrap().stale_values.values,
        0,
        "what is new has nothing to clear"
    );
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert!(report.cleared_values >= 3, "{report:?}");
    for end in ["/city", "/managerId", "/manager"] {
        assert_eq!(world.values(&user, end).await, 0, "{end}");
    }
    assert_eq!(world.values(&user, "/groups").await, 1, "everyone is left");
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().stale_values.values, 0);
    assert_eq!(sync(&connection).await.cleared_values, 0);
}

#[tokio::test]
async fn the_last_reference_is_cleared_too() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    // Okta does not count deactivated users among everyone.
    let path = format!("/okta/users/{user}/lifecycle/deactivate");
    world.control.call("POST", &path, &Value::Null).await.unwrap();
    world.strip(&user).await;
    sync(&connection).await;
    assert_eq!(world.values(&user, "/groups").await, 0);
    assert!(world.in_sync().await);
}

/// The number of attributes with stale values that a run reports.
fn stale(report: &RunReport) -> usize {
    report.findings.iter().filter(|finding| finding.code() == FindingCode::StaleValues).count()
}

#[tokio::test]
async fn stale_values_are_reported_without_account() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    let city = Fact::StaleValues { attribute: Some("Okta User: City".to_owned()), values: 1 };
    assert!(report.findings.iter().any(|finding| finding.fact == city), "{:?}", report.findings);
    assert_eq!(report.cleared_values, 0);
    assert!(world.values(&user, "/city").await == 1 && !world.in_sync().await);
    let counts = connection.status(1).await.unwrap().stale_values;
    assert_eq!((counts.objects, counts.failed), (1, 0));
    let listed = connection.stale_values(10).await.unwrap();
    assert_eq!(listed.len() as u64, counts.values);
    assert_eq!(stale(&report), listed.len());
    assert!(listed.iter().all(|value| value.key == RecordKey::user(&UserId::new(&user))));
    let again = sync(&connection).await;
    assert_eq!(stale(&again), 0, "{:?}", again.findings);

    // The account comes later, and what waited is cleared.
    let connection = world.open(Account::With).await;
    sync(&connection).await;
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().stale_values.values, 0);
}

#[tokio::test]
async fn changed_setting_resends_stale_values() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    assert!(!world.in_sync().await);
    world.settings(json!({ "ignoreEmptyValues": false })).await;
    let connection = world.open(Account::Without).await;
    assert_eq!(sync(&connection).await.cleared_values, 0);
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().stale_values.values, 0);
}

#[tokio::test]
async fn removing_import_leaves_no_stale_values() {
    let world = test_env().await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert!(report.data_findings().is_empty(), "{:?}", report.data_findings());
    assert_eq!(connection.status(1).await.unwrap().stale_values.values, 0);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn restored_value_is_not_cleared() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    world.control.call("POST", &format!("/okta/users/{user}"), &json!({ "city": "Rome" })).await.unwrap();
    sync(&connection).await;
    assert!(
        connection.stale_values(10).await.unwrap().iter().all(|value| !value.attribute.ends_with("City"))
    );
    sync(&world.open(Account::With).await).await;
    assert_eq!(world.values(&user, "/city").await, 1);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn failed_clearing_fails_no_run() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Wrong).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert_eq!((report.state, report.cleared_values), (RunState::Succeeded, 0));
    let counts = connection.status(1).await.unwrap().stale_values;
    assert!(counts.values > 0 && counts.failed == counts.values, "{counts:?}");
    let reason = connection.stale_values(1).await.unwrap().remove(0).reason;
    assert!(reason.contains("rejected the account's credentials"), "{reason}");
}

#[tokio::test]
async fn interrupted_run_keeps_stale_values() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    world.strip(&user).await;
    world.control.call("PUT", "/faults", &json!("executions.stuck=told")).await.unwrap();
    let sent = async {
        while !world.control.get("/insight/executions").await.unwrap().to_string().contains("PROCESSING") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        report = sync(&connection) => unreachable!("{report:?}"),
        () = sent => {}
    }
    drop(connection);
    world.control.call("DELETE", "/faults", &Value::Null).await.unwrap();

    let connection = world.open(Account::With).await;
    let _claim = connection.claim(&world.folder.path().join("state.db")).await.unwrap();
    assert!(connection.status(1).await.unwrap().stale_values.values >= 3);
    assert!(world.values(&user, "/city").await > 0);
    let report = sync(&connection).await;
    assert_eq!(report.executions, 0, "what was sent is confirmed, and not sent again");
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().stale_values.values, 0);
}

#[tokio::test]
async fn daemon_clears_renamed_attribute() {
    let world = test_env().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    let renamed = json!({ "type": "Okta User", "name": "City", "newName": "Town" });
    world.control.call("PUT", "/insight/attributes", &renamed).await.unwrap();
    let (follower, stop) = (world.open(Account::With).await, CancellationToken::new());
    let watch = async {
        let deadline = tokio::time::Instant::now() + Duration::from_mins(3);
        while !world.in_sync().await {
            assert!(tokio::time::Instant::now() < deadline, "not cleared by following");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    tokio::join!(follower.follow(&stop), watch);
    assert_eq!(follower.status(1).await.unwrap().stale_values.values, 0);
}
