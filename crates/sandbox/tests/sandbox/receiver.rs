//! A receiver of event hook deliveries.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use http::HeaderMap;
use serde_json::{Value, json};

use crate::env::{TestEnv, eventually};

/// The server that Okta delivers to, with its deliveries.
pub(crate) struct Receiver {
    pub(crate) url: String,
    state: Arc<Received>,
}

#[derive(Default)]
struct Received {
    deliveries: Mutex<Vec<Value>>,
    failing: AtomicBool,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let state = Arc::<Received>::default();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&state));
        tokio::spawn(std::future::IntoFuture::into_future(axum::serve(listener, router)));
        Self { url, state }
    }

    /// Answers 500 from now on.
    pub(crate) fn fail(&self) {
        self.state.failing.store(true, Ordering::Relaxed);
    }

    pub(crate) fn deliveries(&self) -> Vec<Value> {
        self.state.deliveries.lock().unwrap().clone()
    }

    /// The types of the events that arrived, in the order of arrival.
    pub(crate) fn types(&self) -> Vec<String> {
        let events = self.deliveries();
        let events = events.iter().flat_map(|d| d["data"]["events"].as_array().unwrap());
        events.map(|e| e["eventType"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for so many deliveries.
    pub(crate) async fn wait(&self, count: usize) -> Vec<Value> {
        eventually(async || Some(self.deliveries()).filter(|d| d.len() >= count)).await
    }
}

async fn receive(
    State(state): State<Arc<Received>>,
    headers: HeaderMap,
    body: String,
) -> (http::StatusCode, axum::Json<Value>) {
    if let Some(challenge) = headers.get("x-okta-verification-challenge") {
        return (http::StatusCode::OK, axum::Json(json!({ "verification": challenge.to_str().unwrap() })));
    }
    state.deliveries.lock().unwrap().push(serde_json::from_str(&body).unwrap());
    let failing = state.failing.load(Ordering::Relaxed);
    let status = if failing { http::StatusCode::INTERNAL_SERVER_ERROR } else { http::StatusCode::OK };
    (status, axum::Json(Value::Null))
}

impl TestEnv {
    /// Creates and verifies a hook for these events.
    pub(crate) async fn hook(&self, receiver: &Receiver, events: &[&str]) -> String {
        let hook = json!({ "name": "test", "events": { "type": "EVENT_TYPE", "items": events },
            "channel": { "type": "HTTP", "version": "1.0.0", "config": { "uri": receiver.url } } });
        let created = self.okta("POST", "/api/v1/eventHooks", &hook).await.json();
        let id = created["id"].as_str().unwrap().to_owned();
        let verified =
            self.okta("POST", &format!("/api/v1/eventHooks/{id}/lifecycle/verify"), &Value::Null).await;
        assert_eq!(verified.json()["verificationStatus"], "VERIFIED", "{}", verified.text);
        id
    }
}
