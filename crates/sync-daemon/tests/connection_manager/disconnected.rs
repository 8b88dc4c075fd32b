//! Changes whose client disconnects before the response.

use std::time::Duration;

use sync_engine::Task;

use super::*;

/// Waits until a condition holds.
async fn wait_until(mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..18_000 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it doesn't happen");
}

/// A connection whose sync waits for Assets, so that stopping it takes the whole grace period.
async fn stuck_connection(world: &TestEnv) -> Arc<ConnectionManager> {
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let member = manager.get(&acme()).unwrap();
    member.set_up();
    ended(|| member.setup()).await;
    let control = ControlClient::new(world.ready_value("/control_url"));
    control.call("PUT", "/faults", &json!("assets.latency=100000/executions")).await.unwrap();
    member.request_sync(SyncOptions::default()).await.unwrap();
    wait_until(async || control.get("/faults").await.unwrap()["struck"] != json!({})).await;
    manager
}

#[tokio::test]
async fn disconnected_client_interrupts_no_save() {
    let world = TestEnv::start().await;
    let manager = stuck_connection(&world).await;
    let (name, before) = (acme(), manager.get(&acme()).unwrap());
    let saved_at = async || manager.store().saved_connections().await.unwrap()[0].saved;
    let first_saved_at = saved_at().await;
    tokio::select! {
        saved = manager.save(&name, world.draft(), false) => drop(saved.unwrap()),
        () = wait_until(async || saved_at().await != first_saved_at) => {}
    }
    let control = ControlClient::new(world.ready_value("/control_url"));
    control.call("DELETE", "/faults", &Value::Null).await.unwrap();
    wait_until(async || manager.get(&acme()).is_some_and(|member| !Arc::ptr_eq(&member, &before))).await;
    let member = manager.get(&acme()).unwrap();
    let tasks = || member.connection().unwrap().tasks();
    wait_until(async || tasks().iter().any(|it| it.task == Task::Sync && it.activations > 0)).await;
    manager.end().await;
}

#[tokio::test]
async fn disconnected_client_interrupts_no_removal() {
    let world = TestEnv::start().await;
    let (manager, name) = (stuck_connection(&world).await, acme());
    tokio::select! {
        removed = manager.remove(&name) => removed.unwrap(),
        () = wait_until(async || manager.store().saved_connections().await.unwrap().is_empty()) => {}
    }
    wait_until(async || manager.get(&acme()).is_none()).await;
    manager.end().await;
}
