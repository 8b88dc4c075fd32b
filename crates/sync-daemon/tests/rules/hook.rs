//! The event hook in Okta.

use serde_json::json;

use crate::test_env::gated_test_env;

#[tokio::test]
async fn hook_with_lost_response_is_adopted() {
    let (world, gate) = gated_test_env(3, 1).await;
    let connection = world.open("event_hook").await;
    world.receive(&connection).await;
    // What is created is told as one; lists stay whole.
    gate.after(|path, answer| {
        if path == "/api/v1/eventHooks" && answer.is_object() {
            *answer = json!("cut");
        }
    });
    connection.engine().setup(true).await.unwrap_err();
    gate.clear();
    let hooks = async || {
        let told = world.control.get("/okta/hooks").await.unwrap();
        told["hooks"].as_array().or(told.as_array()).map_or(0, Vec::len)
    };
    assert_eq!(hooks().await, 1);
    connection.engine().setup(true).await.unwrap();
    assert_eq!(hooks().await, 1);
    let verified = connection.engine().verify(true).await.unwrap();
    assert_eq!(verified.findings, []);
}
