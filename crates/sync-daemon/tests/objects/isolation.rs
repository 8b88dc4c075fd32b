//! One bad record among many: the executions that it takes until everything else is confirmed and the bad one is named.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use serde_json::json;
use sync_engine::{ClearRequest, ClearResult, MappingView, PortError, RunState, TargetObjects, with_views};
use sync_model::{ObjectKind, Record, RecordKey};

use crate::test_env::{Account, set_up, sync, test_env, test_env_of};

/// The number of users.
const USERS: usize = 700;

/// Plays a first full sync with one bad user. Gives the number of executions of the sync, the bad one found.
async fn isolate(account: Account, refusal: &str) -> usize {
    let world = test_env_of(USERS, 3).await;
    let connection = world.open(account).await;
    set_up(&connection).await;
    let user = world.nth_user(412).await;
    world.refuse(&user, refusal).await;
    let report = sync(&connection).await;
    assert_eq!(report.state, RunState::Partial, "{report:?}");
    let status = connection.status(9).await.unwrap();
    let left: Vec<_> = status.unconfirmed.iter().map(|u| (u.key.id.as_str(), u.rejected)).collect();
    assert_eq!(left.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [user.as_str()]);
    assert_eq!(usize::try_from(status.objects[&ObjectKind::User].current).unwrap(), USERS - 1);
    world.executions().await
}

#[tokio::test]
async fn named_record_takes_three_executions() {
    assert_eq!(isolate(Account::Without, "refuse result by name").await, 3);
}

#[tokio::test]
async fn http_rejection_takes_one_execution() {
    assert_eq!(isolate(Account::Without, "refuse 400").await, 1);
}

#[tokio::test]
async fn account_isolates_record_in_one_execution() {
    assert_eq!(isolate(Account::With, "refuse result").await, 1);
}

#[tokio::test]
async fn isolation_without_account_is_logarithmic() {
    let executions = isolate(Account::Without, "refuse result").await;
    assert!((5..=12).contains(&executions), "{executions}");
}

#[tokio::test]
async fn object_with_old_values_proves_nothing() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let (bad, good) = (world.nth_user(3).await, world.nth_user(5).await);
    for user in [&bad, &good] {
        world.edit(user, json!({ "city": "Nuuk" })).await;
    }
    world.refuse(&bad, "refuse result").await;
    assert_eq!(sync(&connection).await.state, RunState::Partial);
    let left = connection.status(9).await.unwrap().unconfirmed;
    assert_eq!(left.iter().map(|u| u.key.id.as_str()).collect::<Vec<_>>(), [bad.as_str()]);
    assert!(!world.object("user", &bad).await.unwrap().to_string().contains("Nuuk"));
    assert!(world.object("user", &good).await.unwrap().to_string().contains("Nuuk"));
}

/// Shows nothing at first, as an index that lags.
struct Lagging {
    objects: Arc<dyn TargetObjects>,
    asked: AtomicU32,
}

#[async_trait]
impl TargetObjects for Lagging {
    async fn stored(&self, records: &[Record]) -> Result<HashMap<RecordKey, Vec<RecordKey>>, PortError> {
        match self.asked.fetch_add(1, Ordering::Relaxed) {
            0 => Ok(HashMap::new()),
            _ => self.objects.stored(records).await,
        }
    }

    async fn clear(&self, objects: &[ClearRequest]) -> Result<Vec<ClearResult>, PortError> {
        self.objects.clear(objects).await
    }

    async fn find(&self, keys: &[RecordKey]) -> Result<HashMap<RecordKey, Vec<String>>, PortError> {
        self.objects.find(keys).await
    }

    async fn delete(&self, key: &RecordKey) -> Result<Vec<String>, PortError> {
        self.objects.delete(key).await
    }
}

#[tokio::test]
async fn lagging_index_is_asked_again() {
    let world = test_env().await;
    let connection = world
        .open_with(Account::With, |ports, _| {
            ports.target_schema = with_views(Arc::clone(&ports.target_schema), |view| MappingView {
                objects: view.objects.map(|objects| -> Arc<dyn TargetObjects> {
                    Arc::new(Lagging { objects, asked: AtomicU32::new(0) })
                }),
                ..view
            });
        })
        .await;
    set_up(&connection).await;
    let bad = world.nth_user(3).await;
    world.refuse(&bad, "refuse result").await;
    assert_eq!(sync(&connection).await.state, RunState::Partial);
    let left = connection.status(9).await.unwrap().unconfirmed;
    assert_eq!(left.iter().map(|u| u.key.id.as_str()).collect::<Vec<_>>(), [bad.as_str()]);
    assert_eq!(world.executions().await, 1);
}

#[tokio::test]
async fn reports_of_rejected_manager_are_confirmed() {
    let world = test_env().await;
    let manager = world.nth_user(3).await;
    for n in [5, 6, 7, 8] {
        world.edit(&world.nth_user(n).await, json!({ "managerId": manager })).await;
    }
    let connection = world.open(Account::With).await;
    set_up(&connection).await;
    world.refuse(&manager, "refuse result").await;
    assert_eq!(sync(&connection).await.state, RunState::Partial);
    assert_eq!(world.executions().await, 1);
    let left = connection.status(9).await.unwrap().unconfirmed;
    assert_eq!(left.iter().map(|u| u.key.id.as_str()).collect::<Vec<_>>(), [manager.as_str()]);
    // Another version of the manager is taken, and the reports come to refer to it.
    world.edit(&manager, json!({ "title": "Head" })).await;
    sync(&connection).await;
    sync(&connection).await;
    assert!(world.in_sync().await);
}
