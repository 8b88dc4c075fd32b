//! The trait: the client does all of it, a substitute what it likes.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{Error, GroupQuery, LogQuery, LogStart, OktaApi, Result, UserQuery};
use serde_json::{Value, json};
use wiremock::{MockServer, Request, Respond, ResponseTemplate};

use super::support::*;

/// The names of the calls that answered, in the order of the trait, or the first error.
async fn every_call(api: &dyn OktaApi) -> Vec<(&'static str, Result<()>)> {
    let now = jiff::Timestamp::now();
    let hook = NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create"]),
        channel: Channel::http("https://a.example/h", "Bearer s3cret".into(), Vec::new()),
    };
    let start = LogStart::Since { since: now, filter: None };
    let page = api.follow_log(&start, Duration::ZERO).next().await.unwrap();
    vec![
        ("list_users", api.list_users(&UserQuery::default()).try_collect::<Vec<_>>().await.map(drop)),
        ("get_user", api.get_user("00u1").await.map(drop)),
        ("list_user_groups", api.list_user_groups("00u1").await.map(drop)),
        ("list_groups", api.list_groups(&GroupQuery::default()).try_collect::<Vec<_>>().await.map(drop)),
        ("get_group", api.get_group("00g1").await.map(drop)),
        ("list_group_users", api.list_group_users("00g1").try_collect::<Vec<_>>().await.map(drop)),
        ("list_user_types", api.list_user_types().await.map(drop)),
        ("get_user_type", api.get_user_type("oty1").await.map(drop)),
        ("get_user_schema", api.get_user_schema("default").await.map(drop)),
        ("get_group_schema", api.get_group_schema().await.map(drop)),
        ("list_event_hooks", api.list_event_hooks().await.map(drop)),
        ("create_event_hook", api.create_event_hook(&hook).await.map(drop)),
        ("get_event_hook", api.get_event_hook("who1").await.map(drop)),
        ("replace_event_hook", api.replace_event_hook("who1", &hook).await.map(drop)),
        ("delete_event_hook", api.delete_event_hook("who1").await),
        ("activate_event_hook", api.activate_event_hook("who1").await.map(drop)),
        ("deactivate_event_hook", api.deactivate_event_hook("who1").await.map(drop)),
        ("verify_event_hook", api.verify_event_hook("who1").await.map(drop)),
        (
            "list_log_events",
            api.list_log_events(&LogQuery::between(now, now)).try_collect::<Vec<_>>().await.map(drop),
        ),
        ("follow_log", page.map(drop)),
    ]
}

/// Answers every path with something of its kind.
struct Org;

impl Respond for Org {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let group = json!({"id": "00g1", "type": "OKTA_GROUP"});
        let user_type = json!({"id": "oty1", "name": "user"});
        let hook = json!({"id": "who1", "name": "Sync", "status": "ACTIVE", "events": {"type": "EVENT_TYPE",
            "items": []}, "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://a.example/h"}}});
        let one_or_list = |one: Value, list: bool| if list { json!([one]) } else { one };
        let parts: Vec<&str> = request.url.path().trim_start_matches("/api/v1/").split('/').collect();
        let body = match parts.as_slice() {
            ["users"] | ["groups", _, "users"] => json!([user(1)]),
            ["users", _] => user(1),
            ["users", _, "groups"] | ["groups"] => json!([group]),
            ["groups", _] => group,
            ["meta", "types", "user", rest @ ..] => one_or_list(user_type, rest.is_empty()),
            ["meta", "schemas", ..] => json!({}),
            ["eventHooks", rest @ ..] => one_or_list(hook, rest.is_empty() && request.method == "GET"),
            _ if request.url.query().is_some_and(|query| query.contains("until")) => json!([]),
            _ => return ok(json!([])).append_header("link", "</api/v1/logs?after=a>; rel=\"next\""),
        };
        ok(body)
    }
}

#[tokio::test]
async fn client_implements_every_trait_call() {
    let server = MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(Org).mount(&server).await;
    let okta = okta_client::OktaClient::builder(server.uri()).api_token("t".into()).build().unwrap();
    for (call, result) in every_call(&okta).await {
        assert!(result.is_ok(), "{call}: {result:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), 20, "a request each");
}

#[tokio::test]
async fn unsupported_trait_call_names_itself() {
    struct Nothing;
    impl OktaApi for Nothing {}
    for (call, result) in every_call(&Nothing).await {
        assert!(matches!(&result, Err(Error::Unsupported(name)) if *name == call), "{call}: {result:?}");
    }
}
