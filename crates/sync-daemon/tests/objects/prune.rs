//! Deletion of what has long been gone.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use sync_engine::{Clock, PruneOptions, PruneOutcome};
use tokio_util::sync::CancellationToken;

use crate::test_env::{Account, at_once, sync, test_env};

#[tokio::test]
async fn prune_deletes_and_audits_retired_objects() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let user = world.delete_user(3).await;
    sync(&connection).await;
    assert!(connection.prune_plan(&PruneOptions::default()).await.unwrap().objects.is_empty());
    let plan = connection.prune_plan(&at_once()).await.unwrap();
    assert_eq!((plan.objects.len(), plan.omitted), (1, 0));
    let candidate = &plan.objects[0];
    assert_eq!((candidate.object.key.id.as_str(), candidate.in_assets.len()), (user.as_str(), 1));
    assert!(world.object("user", &user).await.is_some(), "a plan deletes nothing");
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.objects[0].outcome.clone(), report.stopped), (PruneOutcome::Deleted, None));
    assert!(world.object("user", &user).await.is_none());
    let audit = connection.audit(10).await.unwrap();
    assert_eq!(
        (audit.len(), audit[0].action.as_str(), audit[0].object.as_str()),
        (1, "deleted", format!("user {user}").as_str())
    );
    assert!(audit[0].detail.starts_with(&candidate.in_assets[0]), "{audit:?}");
    assert!(connection.prune_plan(&at_once()).await.unwrap().objects.is_empty());
    assert!(world.in_sync().await);
    assert_eq!(sync(&connection).await.executions, 0, "nothing comes back");
}

#[tokio::test]
async fn prune_records_already_deleted_objects() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let user = world.delete_user(3).await;
    sync(&connection).await;
    let plan = connection.prune_plan(&at_once()).await.unwrap();
    let number = world.object("user", &user).await.unwrap()["id"].to_string();
    world.control.call("DELETE", &format!("/insight/objects/{number}"), &Value::Null).await.unwrap();
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.objects[0].outcome, PruneOutcome::AlreadyDeleted);
    assert!(connection.prune_plan(&at_once()).await.unwrap().objects.is_empty());
    assert_eq!(connection.audit(10).await.unwrap()[0].action, "found deleted");
}

#[tokio::test]
async fn prune_stays_within_its_limits() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    for _ in 0..3 {
        world.delete_user(3).await;
    }
    sync(&connection).await;
    let one = PruneOptions { limit: 1, ..at_once() };
    let plan = connection.prune_plan(&one).await.unwrap();
    assert_eq!((plan.objects.len(), plan.omitted), (1, 2));
    let plan = connection.prune_plan(&at_once()).await.unwrap();
    let stop = CancellationToken::new();
    let refused = connection.prune(&plan, &at_once(), &stop).await.unwrap_err();
    insta::assert_snapshot!(format!("{refused}\n{:?}", refused.remedy()));
    assert!(connection.audit(10).await.unwrap().is_empty());
    let accepted = PruneOptions { override_safeguards: true, ..at_once() };
    let report = connection.prune(&plan, &accepted, &stop).await.unwrap();
    assert_eq!(report.count(|result| *result == PruneOutcome::Deleted), 3);
}

#[tokio::test]
async fn prune_keeps_objects_existing_in_okta() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let user = world.resident().await;
    world.mark_as_retired(&user).await;
    let plan = connection.prune_plan(&at_once()).await.unwrap();
    assert_eq!(plan.objects[0].object.key.id, user);
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.objects[0].outcome, PruneOutcome::Exists);
    assert!(world.object("user", &user).await.is_some());
    assert!(connection.audit(10).await.unwrap().is_empty());
    assert_eq!(connection.status(1).await.unwrap().event_queue.work_items, 1);
}

#[tokio::test]
async fn prune_takes_an_account() {
    let world = test_env().await;
    let connection = world.synced(Account::Without).await;
    let error = connection.prune_plan(&at_once()).await.unwrap_err();
    assert!(error.is_usage());
    insta::assert_snapshot!(format!("{error}\n{:?}", error.remedy()));
}

#[tokio::test]
async fn prune_rejects_empty_org() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    world.delete_user(3).await;
    sync(&connection).await;
    let plan = connection.prune_plan(&at_once()).await.unwrap();
    world.control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
    let refused = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap_err();
    assert!(refused.to_string().contains("returned no users"), "{refused}");
    assert!(connection.audit(10).await.unwrap().is_empty());
}

/// A clock that is so many years ahead.
struct Years(i64);

impl Clock for Years {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(365 * 24 * self.0)
    }
}

#[tokio::test]
async fn prune_ignores_clock_ahead() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    world.delete_user(3).await;
    sync(&connection).await;
    let ahead = world.open_with(Account::With, |ports, _| ports.clock = Arc::new(Years(1))).await;
    assert!(ahead.prune_plan(&PruneOptions::default()).await.unwrap().objects.is_empty());
}

#[tokio::test]
async fn prune_ignores_clock_behind() {
    let world = test_env().await;
    drop(world.synced(Account::With).await);
    let behind = world.open_with(Account::With, |ports, _| ports.clock = Arc::new(Years(-1))).await;
    world.delete_user(3).await;
    sync(&behind).await;
    let right = world.open_with(Account::With, |_, _| {}).await;
    assert!(right.prune_plan(&PruneOptions::default()).await.unwrap().objects.is_empty());
    assert_eq!(right.prune_plan(&at_once()).await.unwrap().objects.len(), 1);
}
