//! Event hooks.

use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{Error, OktaApi};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::*;

const HOOKS: &str = "/api/v1/eventHooks";
const HOOK: &str = "/api/v1/eventHooks/who1";

fn hook(status: &str, verification: &str) -> Value {
    json!({"id": "who1", "name": "Sync", "status": status, "verificationStatus": verification,
        "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://a.example/h",
            "authScheme": {"type": "HEADER", "key": "authorization"}}}})
}

fn new_hook() -> NewEventHook {
    NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create"]),
        channel: Channel::http("https://a.example/h", "Bearer s3cret".into(), Vec::new()),
    }
}

async fn on(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).expect(1).mount(server).await;
}

#[tokio::test]
async fn hook_calls_use_documented_endpoints() {
    let server = server().await;
    on(&server, "POST", HOOKS, ok(hook("ACTIVE", "UNVERIFIED"))).await;
    on(&server, "GET", HOOKS, ok(json!([hook("ACTIVE", "UNVERIFIED")]))).await;
    on(&server, "GET", HOOK, ok(hook("ACTIVE", "UNVERIFIED"))).await;
    on(&server, "PUT", HOOK, ok(hook("ACTIVE", "UNVERIFIED"))).await;
    on(&server, "POST", &format!("{HOOK}/lifecycle/verify"), ok(hook("ACTIVE", "VERIFIED"))).await;
    on(&server, "POST", &format!("{HOOK}/lifecycle/deactivate"), ok(hook("INACTIVE", "VERIFIED"))).await;
    on(&server, "POST", &format!("{HOOK}/lifecycle/activate"), ok(hook("ACTIVE", "VERIFIED"))).await;
    on(&server, "DELETE", HOOK, ResponseTemplate::new(204)).await;

    let okta = client(&server);
    let api: &dyn OktaApi = &okta;
    let created = api.create_event_hook(&new_hook()).await.unwrap();
    assert!(created.is_active() && !created.is_verified());
    assert_eq!(api.list_event_hooks().await.unwrap().len(), 1);
    assert_eq!(api.get_event_hook("who1").await.unwrap().id, "who1");
    assert!(api.replace_event_hook("who1", &new_hook()).await.unwrap().is_active());
    assert!(api.verify_event_hook("who1").await.unwrap().is_verified());
    assert!(!api.deactivate_event_hook("who1").await.unwrap().is_active());
    assert!(api.activate_event_hook("who1").await.unwrap().is_active());
    api.delete_event_hook("who1").await.unwrap();
}

#[tokio::test]
async fn hook_secret_is_sent_but_redacted() {
    let server = server().await;
    answer(&server, HOOKS, ok(hook("ACTIVE", "UNVERIFIED"))).await;
    assert!(!format!("{:?}", new_hook()).contains("s3cret"));
    client(&server).event_hooks().create(&new_hook()).await.unwrap();
    let body: Value = serde_json::from_slice(&sent(&server, HOOKS).await[0].body).unwrap();
    insta::assert_json_snapshot!(body);
}

#[tokio::test]
async fn failed_hook_verification_is_an_error() {
    let server = server().await;
    let body = json!({"errorCode": "E0000115", "errorSummary": "Verification failed", "errorCauses": []});
    answer(&server, &format!("{HOOK}/lifecycle/verify"), ResponseTemplate::new(400).set_body_json(body))
        .await;
    let error = client(&server).event_hooks().verify("who1").await.unwrap_err();
    assert!(matches!(&error, Error::Api { code, .. } if code == "E0000115"), "{error:?}");
}

#[tokio::test]
async fn odd_ids_are_not_sent() {
    let server = server().await;
    let okta = client(&server);
    for odd in ["", "a/b", ".."] {
        assert!(matches!(okta.event_hooks().delete(odd).await, Err(Error::InvalidId(_))), "{odd}");
        assert!(matches!(okta.event_hooks().verify(odd).await, Err(Error::InvalidId(_))), "{odd}");
    }
    assert!(server.received_requests().await.unwrap().is_empty());
}
