//! What the traces tell, and what they never tell. In a process of its own: which traces are wanted is remembered for
//! all threads of one.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the server of canned answers works while the clock is moved")]

// Not all of it is needed here.
#[allow(dead_code)]
#[path = "../contract/support.rs"]
mod support;

use std::io::Write;
use std::sync::{Arc, Mutex};

use futures::TryStreamExt;
use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{OktaClient, PrivateKey, UserQuery};
use secrecy::ExposeSecret;
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;
use wiremock::ResponseTemplate;

use support::*;

/// Everything that was traced.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn traces_have_request_id_without_secrets() {
    let sink = Sink::default();
    let writer = sink.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_span_events(FmtSpan::NEW | FmtSpan::CLOSE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();

    let server = server().await;
    let profile = json!({"login": "ada@example.com", "firstName": "Ada"});
    let page = ok(json!([{"id": "00u1", "status": "ACTIVE", "profile": profile}]));
    let page = page.insert_header("x-okta-request-id", "req-42");
    let page = page.append_header("link", "</api/v1/users?after=cursor-7>; rel=\"next\"");
    answer_once(&server, "/api/v1/users", ResponseTemplate::new(503)).await;
    answer_once(&server, "/api/v1/users", page).await;
    answer(&server, "/api/v1/users", ok(json!([]))).await;
    let refusal = json!({"errorCode": "E0000001", "errorSummary": "ada@example.com is taken"});
    answer(&server, "/api/v1/eventHooks", ResponseTemplate::new(400).set_body_json(refusal)).await;

    let key = PrivateKey::generate_ec().unwrap();
    let private = key.to_jwk().expose_secret().to_owned();
    let okta = OktaClient::builder(server.uri()).service_app("0oaclient", key).build().unwrap();
    let query = UserQuery::filter("profile.login eq \"ada@example.com\"");
    let _: Vec<_> = hurried(async { okta.users().list(&query).try_collect().await }).await.unwrap();
    let hook = NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create"]),
        channel: Channel::http("https://a.example/h", "Bearer h00k".into(), Vec::new()),
    };
    okta.event_hooks().create(&hook).await.unwrap_err();

    let traced = String::from_utf8(sink.0.lock().unwrap().clone()).unwrap();
    let own: Vec<&str> = traced.lines().filter(|line| line.contains("okta_client")).collect();
    let own = own.join("\n");
    for told in
        ["req-42", "/api/v1/users", "status=503", "status=200", "attempts=2", "okta_token", "trying again"]
    {
        assert!(own.contains(told), "{told} is not in\n{own}");
    }
    let requests = server.received_requests().await.unwrap();
    let mut secrets: Vec<String> = vec!["token-1".into(), "h00k".into(), "Ada".into(), "ada@".into()];
    secrets.extend(requests.iter().map(|r| header(r, "dpop").to_owned()).filter(|proof| !proof.is_empty()));
    secrets.extend(requests.iter().filter_map(|r| form(r).remove("client_assertion")));
    let private: serde_json::Value = serde_json::from_str(&private).unwrap();
    secrets.push(private["d"].as_str().unwrap().to_owned());
    for secret in secrets {
        assert!(!own.contains(&secret), "{secret} is in\n{own}");
    }
    assert!(!own.contains("cursor-7"), "a cursor may hold what was searched for");
}
