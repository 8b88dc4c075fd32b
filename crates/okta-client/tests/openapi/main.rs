//! Every request of the client and every answer of the sandbox, against Okta's published OpenAPI document.
//!
//! The client goes through a proxy that writes everything down; what it wrote is compared with the document. Where
//! Okta itself is known to differ from its document, the deviation stands in a list with the reason.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the server of canned answers works by the clock of the host")]

mod proxy;
mod spec;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{
    GroupQuery, LogQuery, LogStart, OktaClient, PrivateKey, SortOrder, UserQuery, VERIFICATION_HEADER,
    verification_response,
};
use sandbox::{Sandbox, SandboxOptions};
use serde_json::json;
use wiremock::matchers::method;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use proxy::Recorder;
use spec::Spec;

/// Where answers are known to differ from the document: operation, what the complaint says about where, and why.
/// Found in real answers, and in what Okta's own SDKs had to mend.
const DEVIATIONS: [(&str, &str, &str); 8] = [
    ("listUsers", "no answer 400", "the document leaves the refusal of a wrong expression (E0000031) out"),
    ("deleteEventHook", "no answer 400", "the document leaves the refusal to delete an active hook out"),
    ("listGroups", "/profile", "the document wants text as description, real groups without one hold null"),
    ("getUserSchema", "/unique", "the document says boolean, real schemas hold UNIQUE_VALIDATED"),
    ("listLogEvents", "/detailEntry", "the document says object, real events hold null"),
    ("listLogEvents", "/displayName", "the document says string, real events hold null"),
    ("listLogEvents", "/outcome/reason", "the document says string, real events hold null"),
    ("listLogEvents", "/transaction/id", "the document says string, real events hold null"),
];

const DOCUMENT: &str = "../../../shared/reference/data/okta-openapi-subset.yaml";

fn document() -> Option<String> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(DOCUMENT);
    let text = std::fs::read_to_string(&file).ok();
    if text.is_none() {
        assert!(
            std::env::var_os("REQUIRE_CONFORMANCE").is_none(),
            "{} is missing, and REQUIRE_CONFORMANCE is set",
            file.display()
        );
        eprintln!("SKIPPED: {} is not here; nothing was compared with Okta's document", file.display());
    }
    text
}

#[tokio::test]
async fn calls_match_okta_s_openapi_document() {
    let Some(text) = document() else { return };
    let spec = Spec::parse(&text);
    let recorder = Recorder::start().await;
    let sandbox = Sandbox::start(&SandboxOptions::default()).await.unwrap();
    make_every_call(&sandbox, &recorder).await;
    let exchanges = recorder.taken();
    sandbox.shutdown().await;

    let (mut complaints, mut used, mut operations) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for exchange in &exchanges {
        let (operation, found) = spec.check(exchange);
        operations.insert(operation.clone());
        for complaint in found {
            let known = DEVIATIONS.iter().find(|d| d.0 == operation && complaint.contains(d.1));
            match known {
                Some(deviation) => {
                    used.insert(*deviation);
                }
                None => {
                    complaints.insert(format!("{operation}: {complaint}"));
                }
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.into_iter().collect::<Vec<_>>().join("\n"));
    let unseen: Vec<_> = DEVIATIONS.iter().filter(|d| !used.contains(*d)).collect();
    assert!(unseen.is_empty(), "these deviations were not seen any more: {unseen:?}");
    let missed: Vec<_> = spec.operations().difference(&operations).cloned().collect();
    assert!(missed.is_empty(), "the client did not make these calls: {missed:?}");
}

/// Every call of the client, and a few that are refused.
async fn make_every_call(sandbox: &Sandbox, recorder: &Recorder) {
    let okta = &sandbox.ready()["okta"];
    let key = PrivateKey::parse(&okta["private_key_jwk"].to_string()).unwrap();
    let client = OktaClient::builder(okta["org_url"].as_str().unwrap())
        .service_app(okta["client_id"].as_str().unwrap(), key)
        .proxy(recorder.as_proxy())
        .build()
        .unwrap();

    let query = UserQuery { limit: Some(20), ..UserQuery::default() };
    let users: Vec<_> = client.users().list(&query).try_collect().await.unwrap();
    let user = &users[0].id;
    client.users().get(user).await.unwrap();
    client.users().groups(user).await.unwrap();
    client.users().get("00unobody").await.unwrap_err();
    for query in [
        UserQuery::filter("status eq \"DEPROVISIONED\""),
        UserQuery {
            sort: Some(("profile.lastName".into(), SortOrder::Descending)),
            ..UserQuery::search("status eq \"ACTIVE\"")
        },
        UserQuery { fields: vec!["profile.login".into()], ..UserQuery::default() },
    ] {
        let _: Vec<_> = client.users().list(&query).try_collect().await.unwrap();
    }
    let wrong = UserQuery::filter("status ~ 1");
    client.users().list(&wrong).try_collect::<Vec<_>>().await.unwrap_err();

    let query = GroupQuery { stats: true, limit: Some(2), ..GroupQuery::default() };
    let groups: Vec<_> = client.groups().list(&query).try_collect().await.unwrap();
    let query = GroupQuery {
        sort: Some(("lastUpdated".into(), SortOrder::Ascending)),
        ..GroupQuery::filter("type eq \"OKTA_GROUP\"")
    };
    let _: Vec<_> = client.groups().list(&query).try_collect().await.unwrap();
    client.groups().get(&groups[0].id).await.unwrap();
    for group in &groups {
        let _: Vec<_> = client.groups().member_ids(&group.id).try_collect().await.unwrap();
        let _: Vec<_> = client.groups().members(&group.id).try_collect().await.unwrap();
    }

    for user_type in client.user_types().list().await.unwrap() {
        client.user_types().get(&user_type.id).await.unwrap();
        client.schemas().for_type(&user_type).await.unwrap();
    }
    client.schemas().user("default").await.unwrap();
    client.schemas().group().await.unwrap();

    log_and_hooks(sandbox, &client).await;
}

async fn log_and_hooks(sandbox: &Sandbox, client: &OktaClient) {
    let endpoint = MockServer::start().await;
    Mock::given(method("GET"))
        .respond_with(|request: &Request| {
            let challenge = request.headers.get(VERIFICATION_HEADER).unwrap().to_str().unwrap();
            ResponseTemplate::new(200).set_body_raw(verification_response(challenge), "application/json")
        })
        .mount(&endpoint)
        .await;
    let hook = NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create", "group.user_membership.add"]),
        channel: Channel::http(endpoint.uri(), "Bearer s3cret".into(), Vec::new()),
    };
    let hooks = client.event_hooks();
    let id = hooks.create(&hook).await.unwrap().id;
    hooks.verify(&id).await.unwrap();
    hooks.replace(&id, &hook).await.unwrap();
    hooks.list().await.unwrap();
    hooks.get(&id).await.unwrap();
    hooks.delete(&id).await.unwrap_err();
    hooks.deactivate(&id).await.unwrap();
    hooks.activate(&id).await.unwrap();
    hooks.deactivate(&id).await.unwrap();
    hooks.delete(&id).await.unwrap();

    let control = sandbox::ControlClient::new(sandbox.control_url());
    let now = jiff::Timestamp::now();
    for n in 0..5 {
        let profile = json!({"login": format!("new{n}@example.com"), "email": format!("new{n}@example.com"),
            "firstName": "New", "lastName": "User"});
        control.call("POST", "/okta/users", &profile).await.unwrap();
    }
    let query = LogQuery {
        filter: Some("eventType sw \"user.\"".into()),
        limit: Some(2),
        ..LogQuery::between(now - Duration::from_mins(10), now + Duration::from_mins(10))
    };
    let _: Vec<_> = client.logs().list(&query).try_collect().await.unwrap();
    let start = LogStart::Since { since: now - Duration::from_mins(10), filter: None };
    let mut pages = std::pin::pin!(client.logs().follow(&start, Duration::from_millis(10)));
    for _ in 0..2 {
        pages.next().await.unwrap().unwrap();
    }
}
