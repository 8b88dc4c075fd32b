//! Changes that stream in while the daemon dies and comes back, and what it acknowledged of them.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sandbox::ControlClient;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::support::{PATIENCE, TestEnv};

const SECRET: &str = "told to nobody else";
/// How many change things at once, each other users and groups.
const HANDS: usize = 3;

static STREAMS: AtomicUsize = AtomicUsize::new(0);

/// The only way that changes are told on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TestEventSource {
    /// Deliveries of the test's own, repeated until they are answered with 200. Neither Okta's nor the log bring any.
    Deliveries,
    /// The log alone.
    Log,
}

impl TestEventSource {
    /// Added to the configuration, which ends with the hook's settings.
    pub(crate) const fn settings(self) -> &'static str {
        match self {
            Self::Deliveries => {
                "secret = \"told to nobody else\"\n[connections.main]\nevent_source = \"event_hook\"\n"
            }
            Self::Log => {
                "[connections.main]\nevent_source = \"system_log\"\n[connections.main.schedule]\nsystem_log_poll = \"100ms\"\n"
            }
        }
    }
}

/// Changes under way.
pub(crate) struct Stream {
    stop: CancellationToken,
    hands: tokio::sync::Mutex<JoinSet<()>>,
    made: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<String>>>,
}

impl Stream {
    pub(crate) async fn start(world: &TestEnv, road: TestEventSource) -> Self {
        let control = world.control();
        let ids = async |path: &str, list: &str, fits: fn(&Value) -> bool| -> Vec<String> {
            let page = control.get(path).await.unwrap();
            let items = page[list].as_array().unwrap().iter().filter(|item| fits(item));
            items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let users = ids("/okta/users", "users", |user| user["status"] == "ACTIVE").await;
        let groups = ids("/okta/groups", "groups", |group| group["type"] == "OKTA_GROUP").await;
        let stop = CancellationToken::new();
        let acknowledged = Arc::<Mutex<Vec<String>>>::default();
        let made = Arc::<AtomicUsize>::default();
        let mut hands = JoinSet::new();
        let stream = STREAMS.fetch_add(1, Ordering::Relaxed);
        for number in 0..HANDS {
            let hand = ChangeWorker {
                name: format!("{stream}-{number}"),
                control: control.clone(),
                users: users.iter().skip(number).step_by(HANDS).cloned().collect(),
                groups: groups.iter().skip(number).step_by(HANDS).cloned().collect(),
                hook: (road == TestEventSource::Deliveries)
                    .then(|| format!("http://{}/hooks/okta/main", world.server("listen"))),
                http: reqwest::Client::new(),
                made: Arc::clone(&made),
                acknowledged: Arc::clone(&acknowledged),
            };
            hands.spawn(hand.work(stop.clone()));
        }
        Self { stop, hands: tokio::sync::Mutex::new(hands), made, acknowledged }
    }

    /// The ids of the events that were answered with 200.
    pub(crate) fn acknowledged(&self) -> Vec<String> {
        self.acknowledged.lock().unwrap().clone()
    }

    /// Waits until so many more changes were made and told.
    pub(crate) async fn goes_on_by(&self, changes: usize) {
        let enough = self.made.load(Ordering::Relaxed) + changes;
        let deadline = Instant::now() + PATIENCE;
        while self.made.load(Ordering::Relaxed) < enough {
            assert!(Instant::now() < deadline, "the changes do not go on");
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
    }

    /// Ends the changes, once each is told, and gives their number.
    pub(crate) async fn end(&self) -> usize {
        self.stop.cancel();
        let mut hands = self.hands.lock().await;
        while let Some(hand) = hands.join_next().await {
            hand.unwrap();
        }
        self.made.load(Ordering::Relaxed)
    }
}

/// One of those who change things.
struct ChangeWorker {
    /// In what it makes, so that nothing is made twice.
    name: String,
    control: ControlClient,
    users: Vec<String>,
    groups: Vec<String>,
    hook: Option<String>,
    http: reqwest::Client,
    made: Arc<AtomicUsize>,
    acknowledged: Arc<Mutex<Vec<String>>>,
}

impl ChangeWorker {
    async fn work(mut self, stop: CancellationToken) {
        for n in 0.. {
            if stop.is_cancelled() {
                return;
            }
            let (event_type, targets) = self.change(n).await;
            if let Some(hook) = &self.hook {
                self.deliver(hook, n + 1, event_type, &targets).await;
            }
            self.made.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.control.call(method, path, &body).await.unwrap()
    }

    /// The n-th change: the event that tells it, and whom that names.
    async fn change(&mut self, n: usize) -> (&'static str, Vec<(&'static str, String)>) {
        let user = self.users[n % self.users.len()].clone();
        let group = self.groups[n % self.groups.len()].clone();
        let member = format!("/okta/groups/{group}/users/{user}");
        let both = || vec![("User", user.clone()), ("UserGroup", group.clone())];
        match n % 11 {
            0 | 5 => {
                self.call("PUT", &member, Value::Null).await;
                ("group.user_membership.add", both())
            }
            3 => {
                self.call("DELETE", &member, Value::Null).await;
                ("group.user_membership.remove", both())
            }
            4 => {
                self.call("POST", &format!("/okta/groups/{group}"), json!({"description": format!("{n}")}))
                    .await;
                ("group.profile.update", vec![("UserGroup", group)])
            }
            6 => {
                let login = format!("new-{}-{n}@example.com", self.name);
                let profile =
                    json!({"login": login, "email": login, "firstName": "Ada", "lastName": "Byron"});
                let made = self.call("POST", "/okta/users", profile).await;
                self.users.push(made["id"].as_str().unwrap().to_owned());
                ("user.lifecycle.create", vec![("User", self.users.last().unwrap().clone())])
            }
            // Few enough for the limits.
            8 if n.is_multiple_of(4) => {
                self.users.retain(|id| *id != user);
                self.call("DELETE", &format!("/okta/users/{user}"), Value::Null).await;
                ("user.lifecycle.delete.initiated", vec![("User", user)])
            }
            9 => {
                self.call("POST", &format!("/okta/users/{user}"), json!({"city": null, "title": null})).await;
                ("user.account.update_profile", vec![("User", user)])
            }
            _ => {
                let changed = json!({"city": format!("City {n}"), "title": format!("{n}")});
                self.call("POST", &format!("/okta/users/{user}"), changed).await;
                ("user.account.update_profile", vec![("User", user)])
            }
        }
    }

    /// Sends a delivery until it is acknowledged, as the same one.
    async fn deliver(&self, hook: &str, n: usize, event_type: &str, targets: &[(&str, String)]) {
        let id = format!("own-{}-{n}", self.name);
        let target: Vec<Value> = targets.iter().map(|(kind, id)| json!({"id": id, "type": kind})).collect();
        // Older than every object: what is read then is never too old.
        let body = json!({"eventId": format!("delivery-{id}"), "data": {"events": [{"uuid": id, "eventType": event_type,
            "published": "2020-01-01T00:00:00.000Z", "target": target}]}});
        let deadline = Instant::now() + PATIENCE;
        loop {
            let sent = self.http.post(hook).header("authorization", SECRET).json(&body).send().await;
            if sent.is_ok_and(|answer| answer.status() == 200) {
                self.acknowledged.lock().unwrap().push(id);
                return;
            }
            assert!(Instant::now() < deadline, "nobody takes a delivery");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Fails when the site holds two objects of a type with one id.
pub(crate) async fn distinct_objects(control: &ControlClient, object_type: &str) {
    let mut seen = HashSet::new();
    let mut after = 0;
    loop {
        let page = control
            .get(&format!("/insight/objects?type={object_type}&limit=1000&after={after}"))
            .await
            .unwrap();
        for object in page["objects"].as_array().unwrap() {
            let attributes = object["attributes"].as_object().unwrap();
            let id = attributes.iter().find(|(name, _)| name.ends_with("/id")).map(|(_, values)| values);
            let id = id.and_then(|values| values[0].as_str()).unwrap();
            assert!(seen.insert(id.to_owned()), "{object_type} {id} is there twice");
        }
        match page["next"].as_u64() {
            Some(next) => after = next,
            None => return,
        }
    }
}
