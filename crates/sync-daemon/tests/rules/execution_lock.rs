//! One execution at a time; what gathers meanwhile goes together; what was left behind is looked after.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sandbox::ControlClient;
use serde_json::{Value, json};
use sync_engine::{
    Clock, DroppedValue, Execution, ExecutionState, Executions, ImportSourceState, Importer, MappingView,
    PortError, RunKind, RunState, Runs, SystemClock, with_views,
};
use sync_model::{ExecutionId, Record};

use crate::support::follow;
use crate::test_env::{OFTEN, idle, status, sync, test_env, wait_until};

#[tokio::test]
async fn changes_queue_during_stuck_execution() {
    let world = test_env(9, 2).await;
    let connection = world.synced("event_hook").await;
    let following = follow(&connection);
    let (users, before) = (world.users().await, world.executions().await.len());
    world.faults("executions.stuck=told").await;
    world.change(&users[0], json!({ "city": "Nuuk" })).await;
    wait_until("an execution is stuck", async || {
        let history = world.executions().await;
        if history.last().unwrap()["status"] == "PROCESSING" { Ok(()) } else { Err(format!("{history:?}")) }
    })
    .await;
    for (n, user) in users[1..7].iter().enumerate() {
        world.change(user, json!({ "city": "Nuuk" })).await;
        let gathered = n as u64 + 2;
        status(&connection, "the change is stored", |s| s.event_queue.unfinished() >= gathered).await;
    }
    assert_eq!(world.executions().await.len(), before + 1);
    world.no_faults().await;
    world.assert_in_sync().await;
    idle(&connection).await;
    assert_eq!(world.executions().await.len(), before + 2);
    following.stop().await;
}

#[tokio::test]
async fn interrupted_ingestion_is_canceled() {
    let world = test_env(9, 2).await;
    let mut structure = None;
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| structure = Some(Arc::clone(&ports.target_schema)))
        .await;
    connection.engine().setup(false).await.unwrap();
    // A process that ended after the start and before the first record.
    let importer = structure.unwrap().compare().await.unwrap().view.importer;
    let left = importer.start().await.unwrap();
    let state = world.state().await;
    let run = state.begin_run(RunKind::EventSync, SystemClock.now()).await.unwrap();
    state.open_execution(run, left.id(), SystemClock.now()).await.unwrap();
    drop(connection);

    let connection = world.open("system_log").await;
    connection.engine().recover().await.unwrap();
    let history = world.executions().await;
    assert_eq!((history.len(), &history[0]["status"]), (1, &json!("CANCELLED")));
    assert!(
        history[0]["failureReason"].as_str().is_some_and(|why| why.contains("interrupted")),
        "{history:?}"
    );
    assert!(state.open_executions().await.unwrap().is_empty());
    assert_eq!(sync(&connection).await.unwrap().state, RunState::Succeeded);
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn processing_execution_is_awaited_after_crash() {
    let world = test_env(9, 2).await;
    let connection = world.open("system_log").await;
    connection.engine().setup(false).await.unwrap();
    world.faults("executions.stuck=told").await;
    let cut_off = tokio::spawn(async move { sync(&connection).await.map(drop) });
    wait_until("the execution works", async || {
        let history = world.executions().await;
        if history.last().is_some_and(|e| e["status"] == "PROCESSING") { Ok(()) } else { Err(String::new()) }
    })
    .await;
    cut_off.abort();
    assert!(cut_off.await.unwrap_err().is_cancelled());

    let connection = world.open("system_log").await;
    // It counts the requests; the execution stays as it is until the faults end.
    world.faults("assets.latency=1").await;
    let (recovered, ()) = tokio::join!(connection.engine().recover(), async {
        wait_until("the execution is looked at twice", async || {
            let faults = world.control.get("/faults").await.unwrap();
            let requests = faults["struck"]["assets.latency"].as_u64();
            if requests >= Some(2) { Ok(()) } else { Err(format!("{requests:?}")) }
        })
        .await;
        world.no_faults().await;
    });
    recovered.unwrap();
    assert!(world.audit().await.in_sync);
    assert_eq!(sync(&connection).await.unwrap().executions, 0, "what it carried is confirmed");
    assert_eq!(world.executions().await.len(), 1);
}

/// Loses the answer to every start, though the start did happen.
struct LosesStart {
    inner: Arc<dyn Importer>,
    control: ControlClient,
}

impl LosesStart {
    /// Once it has started, answers arrive again.
    async fn found_again(&self) {
        while self.control.get("/insight/executions").await.unwrap().as_array().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    }
}

#[async_trait]
impl Importer for LosesStart {
    async fn start(&self) -> Result<Box<dyn Execution>, PortError> {
        self.control.call("PUT", "/faults", &json!("assets.lost-response=1")).await.unwrap();
        let (started, ()) = tokio::join!(self.inner.start(), self.found_again());
        started
    }

    async fn state(&self) -> Result<ImportSourceState, PortError> {
        self.inner.state().await
    }

    async fn removes_missing(&self) -> Result<Option<bool>, PortError> {
        self.inner.removes_missing().await
    }

    async fn keeps(&self, changes: &[(&Record, &Record)]) -> Vec<DroppedValue> {
        self.inner.keeps(changes).await
    }

    async fn removes_empty(&self) -> bool {
        self.inner.removes_empty().await
    }

    async fn awaits_records(&self) -> Result<Option<ExecutionId>, PortError> {
        self.inner.awaits_records().await
    }

    async fn execution(&self, id: &ExecutionId) -> Result<ExecutionState, PortError> {
        self.inner.execution(id).await
    }

    async fn cancel(&self, id: &ExecutionId, reason: &str) -> Result<(), PortError> {
        self.inner.cancel(id, reason).await
    }
}

#[tokio::test]
async fn lost_start_response_is_adopted() {
    let world = test_env(9, 2).await;
    let connection = world
        .open_with("system_log", OFTEN, |ports, _| {
            let control = world.control.clone();
            ports.target_schema = with_views(Arc::clone(&ports.target_schema), move |view| {
                let inner = Arc::clone(&view.importer);
                MappingView { importer: Arc::new(LosesStart { inner, control: control.clone() }), ..view }
            });
        })
        .await;
    connection.engine().setup(false).await.unwrap();
    let report = sync(&connection).await.unwrap();
    assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    let history = world.executions().await;
    assert_eq!((history.len(), &history[0]["status"]), (1, &json!("DONE")), "{history:?}");
    assert_eq!(history[0]["executionId"].as_str(), report.execution.as_ref().map(ExecutionId::as_str));
    assert!(world.audit().await.in_sync);
}

#[tokio::test]
async fn orphaned_execution_is_canceled() {
    let world = test_env(9, 2).await;
    let mut structure = None;
    let connection = world
        .open_with("system_log", OFTEN, |ports, options| {
            structure = Some(Arc::clone(&ports.target_schema));
            options.orphan_limit = Duration::from_millis(300);
        })
        .await;
    connection.engine().setup(false).await.unwrap();
    let importer = structure.unwrap().compare().await.unwrap().view.importer;
    drop(importer.start().await.unwrap());
    assert_eq!(sync(&connection).await.unwrap().state, RunState::Succeeded);
    let history = world.executions().await;
    let ends: Vec<&str> = history.iter().filter_map(|e| e["status"].as_str()).collect();
    assert_eq!(ends, ["CANCELLED", "DONE"]);
    assert!(history[0]["failureReason"].as_str().is_some(), "{history:?}");
}
