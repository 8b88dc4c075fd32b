//! Event hooks: verified by a real request, delivered over real connections.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use super::events::{HOOK_ELIGIBLE, failed, without_actor};
use super::log::Log;
use super::org::{Hook, Org, now};
use crate::error::SandboxError;
use crate::faults::{Fault, Faults, spoil};
use crate::origin::origin;

/// Okta's own limit.
const TIMEOUT: Duration = Duration::from_secs(3);
/// More than this many waiting deliveries are lost, as beyond Okta's daily volume.
const WAITING: usize = 100_000;
/// The maximum number of concurrent deliveries.
const CONCURRENCY: usize = 16;
/// The delay of a delivery that another one overtakes.
const REORDER_DELAY: Duration = Duration::from_millis(200);

/// Events on their way to one hook.
#[derive(Clone)]
pub(super) struct Delivery {
    hook: Hook,
    events: Vec<Value>,
    /// The same for each repeat.
    id: Uuid,
}

/// The hooks for each of these events.
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
            (!events.is_empty()).then(|| Delivery { hook: hook.clone(), events, id: Uuid::new_v4() })
        })
        .collect()
}

#[derive(Default)]
struct Counters {
    delivered: AtomicU64,
    failed: AtomicU64,
    lost: AtomicU64,
    /// Sent or to be sent, and not yet at an end.
    under_way: AtomicU64,
}

/// The part of Okta that calls out.
pub(super) struct Deliveries {
    queue: mpsc::Sender<Delivery>,
    http: reqwest::Client,
    counters: Arc<Counters>,
}

/// The sender of deliveries: in order, several at a time.
#[derive(Clone)]
struct Sender {
    http: reqwest::Client,
    org: Url,
    slots: Arc<Semaphore>,
    counters: Arc<Counters>,
    faults: Arc<Faults>,
    log: Arc<Log>,
}

impl Sender {
    /// Distributes deliveries in their order, unless another order is configured.
    async fn run(self, mut waiting: mpsc::Receiver<Delivery>, stop: CancellationToken) {
        let mut held: Option<Delivery> = None;
        loop {
            let patience = async {
                if held.is_some() {
                    tokio::time::sleep(REORDER_DELAY).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            let next = tokio::select! {
                () = stop.cancelled() => return,
                next = waiting.recv() => match next {
                    Some(next) => Some(next),
                    None => return,
                },
                () = patience => None,
            };
            if held.is_none()
                && let Some(delivery) = next
            {
                if self.faults.strikes(Fault::HookReorder) {
                    held = Some(delivery);
                } else {
                    self.deliver(delivery).await;
                }
                continue;
            }
            for delivery in next.into_iter().chain(held.take()) {
                self.deliver(delivery).await;
            }
        }
    }

    /// Sends a delivery, or applies its fault.
    async fn deliver(&self, mut delivery: Delivery) {
        if self.faults.strikes(Fault::HookLost) {
            self.counters.lost.fetch_add(1, Ordering::Relaxed);
            self.counters.under_way.fetch_sub(1, Ordering::Relaxed);
            return;
        }
        if self.faults.strikes(Fault::HookNoActor) {
            delivery.events = delivery.events.iter().map(without_actor).collect();
        }
        if self.faults.strikes(Fault::HookOdd)
            && let Some(event) = delivery.events.first_mut()
        {
            spoil(event, self.faults.pick(Fault::HookOdd, &[0, 1], 0));
        }
        let twice = self.faults.strikes(Fault::HookDuplicate);
        self.counters.under_way.fetch_add(u64::from(twice), Ordering::Relaxed);
        let copies = if twice { 2 } else { 1 };
        for _ in 0..copies {
            let (sender, delivery) = (self.clone(), delivery.clone());
            if let Some(late) = self.faults.time(Fault::HookDelay) {
                let delay = self.faults.delay(late);
                // The slot is free for other deliveries in the meantime.
                tokio::spawn(async move {
                    delay.await;
                    sender.send(delivery).await;
                });
            } else if let Ok(slot) = Arc::clone(&self.slots).acquire_owned().await {
                tokio::spawn(async move {
                    sender.send(delivery).await;
                    drop(slot);
                });
            }
        }
    }

    async fn send(self, delivery: Delivery) {
        if deliver(&self.http, &self.org, &delivery).await {
            self.counters.delivered.fetch_add(1, Ordering::Relaxed);
        } else {
            self.counters.failed.fetch_add(1, Ordering::Relaxed);
            let hook = delivery.hook.shown["id"].as_str().unwrap_or_default();
            let reason = "the endpoint did not take it";
            self.log.append(&[failed("event_hook.delivery", &[("EventHook", hook)], reason)]);
        }
        self.counters.under_way.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Deliveries {
    pub(super) fn start(
        org: Url,
        faults: Arc<Faults>,
        log: Arc<Log>,
        stop: &CancellationToken,
    ) -> Result<Self, SandboxError> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent("Okta-Hooks/sandbox")
            .build()
            .map_err(SandboxError::Http)?;
        let (queue, waiting) = mpsc::channel::<Delivery>(WAITING);
        let counters = Arc::new(Counters::default());
        let slots = Arc::new(Semaphore::new(CONCURRENCY));
        let sender = Sender { http: http.clone(), org, slots, counters: Arc::clone(&counters), faults, log };
        tokio::spawn(sender.run(waiting, stop.clone()));
        Ok(Self { queue, http, counters })
    }

    pub(super) fn send(&self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            self.counters.under_way.fetch_add(1, Ordering::Relaxed);
            if self.queue.try_send(delivery).is_err() {
                self.counters.failed.fetch_add(1, Ordering::Relaxed);
                self.counters.under_way.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }

    pub(super) fn stats(&self) -> Value {
        json!({
            "delivered": self.counters.delivered.load(Ordering::Relaxed),
            "failed": self.counters.failed.load(Ordering::Relaxed),
            "lost": self.counters.lost.load(Ordering::Relaxed),
            "under_way": self.counters.under_way.load(Ordering::Relaxed),
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

/// One retry after a time-out or server error; none after a rejection.
async fn deliver(http: &reqwest::Client, org: &Url, delivery: &Delivery) -> bool {
    let body = json!({
        "eventType": "com.okta.event_hook", "eventTypeVersion": "1.0", "cloudEventsVersion": "0.1",
        "source": format!("{}/api/v1/eventHooks/{}", origin(org), delivery.hook.shown["id"].as_str().unwrap_or_default()),
        "eventId": delivery.id, "eventTime": now(), "contentType": "application/json",
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
