//! Event hooks: verified by a real request, delivered over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::events::HOOK_ELIGIBLE;
use super::org::{Hook, Org, now};
use crate::SandboxError;
use crate::server::origin;

/// Okta's own limit.
const TIMEOUT: Duration = Duration::from_secs(3);
/// More than this many waiting deliveries are lost, as beyond Okta's daily volume.
const WAITING: usize = 100_000;
/// Deliveries under way at once.
const CONCURRENCY: usize = 16;

/// Events on their way to one hook.
pub(super) struct Delivery {
    hook: Hook,
    events: Vec<Value>,
}

/// Which hooks get which of these events.
pub(super) fn addressed(org: &Org, events: &[Value]) -> Vec<Delivery> {
    let receiving = org
        .hooks
        .values()
        .filter(|hook| hook.shown["status"] == "ACTIVE" && hook.shown["verificationStatus"] == "VERIFIED");
    receiving
        .filter_map(|hook| {
            let wanted = |event: &&Value| {
                let kind = event["eventType"].as_str().unwrap_or_default();
                let items = hook.shown["events"]["items"].as_array();
                HOOK_ELIGIBLE.contains(&kind) && items.into_iter().flatten().any(|item| item == kind)
            };
            let events: Vec<Value> = events.iter().filter(wanted).cloned().collect();
            (!events.is_empty()).then(|| Delivery { hook: hook.clone(), events })
        })
        .collect()
}

#[derive(Default)]
struct Counters {
    delivered: AtomicU64,
    failed: AtomicU64,
}

/// The part of Okta that calls out.
pub(super) struct Deliveries {
    queue: mpsc::Sender<Delivery>,
    http: reqwest::Client,
    counters: Arc<Counters>,
}

impl Deliveries {
    pub(super) fn start(org: Url, stop: &CancellationToken) -> Result<Self, SandboxError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Okta-Hooks/sandbox")
            .build()
            .map_err(SandboxError::Http)?;
        let (queue, mut waiting) = mpsc::channel::<Delivery>(WAITING);
        let counters = Arc::new(Counters::default());
        let (client, counted, stop) = (http.clone(), Arc::clone(&counters), stop.clone());
        tokio::spawn(async move {
            let slots = Arc::new(tokio::sync::Semaphore::new(CONCURRENCY));
            loop {
                let delivery = tokio::select! {
                    () = stop.cancelled() => return,
                    delivery = waiting.recv() => delivery,
                };
                let Some(delivery) = delivery else { return };
                let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                let (client, counted, source) = (client.clone(), Arc::clone(&counted), org.clone());
                tokio::spawn(async move {
                    let delivered = deliver(&client, &source, &delivery).await;
                    let counter = if delivered { &counted.delivered } else { &counted.failed };
                    counter.fetch_add(1, Ordering::Relaxed);
                    drop(slot);
                });
            }
        });
        Ok(Self { queue, http, counters })
    }

    pub(super) fn send(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            if self.queue.try_send(delivery).is_err() {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn stats(&self) -> Value {
        json!({
            "delivered": self.counters.delivered.load(Ordering::Relaxed),
            "failed": self.counters.failed.load(Ordering::Relaxed),
        })
    }

    /// The one-time verification: a challenge that the endpoint has to send back.
    pub(super) async fn verify(&self, hook: &Hook) -> bool {
        let challenge = Uuid::new_v4().simple().to_string();
        for _ in 0..2 {
            let request = self.http.get(uri(hook)).header("x-okta-verification-challenge", &challenge);
            let Ok(response) = signed(request, hook).send().await else { continue };
            if response.status().as_u16() != 200 {
                continue;
            }
            if let Ok(answer) = response.json::<Value>().await {
                return answer["verification"] == challenge.as_str();
            }
        }
        false
    }
}

/// One retry, on a time-out or a server error; none on a refusal.
async fn deliver(http: &reqwest::Client, org: &Url, delivery: &Delivery) -> bool {
    let body = json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": format!("{}/api/v1/eventHooks/{}", origin(org), delivery.hook.shown["id"].as_str().unwrap_or_default()),
        "eventId": Uuid::new_v4(), "eventTime": now(), "contentType": "application/json",
        "data": { "events": delivery.events },
    });
    for _ in 0..2 {
        match signed(http.post(uri(&delivery.hook)).json(&body), &delivery.hook).send().await {
            Ok(response) if response.status().is_success() => return true,
            Ok(response) if response.status().is_client_error() => return false,
            _ => {}
        }
    }
    false
}

fn signed(request: reqwest::RequestBuilder, hook: &Hook) -> reqwest::RequestBuilder {
    let headers = hook.shown["channel"]["config"]["headers"].as_array();
    let request = headers.into_iter().flatten().fold(request, |request, header| {
        request
            .header(header["key"].as_str().unwrap_or_default(), header["value"].as_str().unwrap_or_default())
    });
    match &hook.secret {
        Some((name, value)) => request.header(name.as_str(), value.as_str()),
        None => request,
    }
}

fn uri(hook: &Hook) -> &str {
    hook.shown["channel"]["config"]["uri"].as_str().unwrap_or_default()
}
