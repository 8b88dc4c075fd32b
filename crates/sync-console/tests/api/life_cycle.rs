//! The whole life of a connection.

use futures::StreamExt;
use reqwest::Method;
use serde_json::{Value, json};

use crate::test_env::{Api, TestEnv};

fn fields(problem: &Value) -> Vec<&str> {
    problem["fields"].as_array().unwrap().iter().map(|field| field["field"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn api_covers_connection_life_cycle() {
    let world = TestEnv::start().await;
    let api = &world.api;
    assert_eq!(api.get("/connections", 200).await, json!({ "connections": [] }));

    let mut draft = world.draft();
    draft["settings"]["okta"]["org_url"] = json!("");
    assert_eq!(fields(&api.put("/connections/main", &draft, 422).await), ["org_url"]);
    let mut draft = world.draft();
    draft["secrets"]["import_token"] = json!("another token, which nobody knows");
    assert_eq!(fields(&api.put("/connections/main", &draft, 422).await), ["import_token"]);
    let tried = api.post("/connections/main/validate", &draft, 200).await;
    assert_eq!(fields(&json!({ "fields": tried["problems"] })), ["import_token"], "{tried}");
    assert!(!tried["details"].as_array().unwrap().is_empty(), "what works is told as well: {tried}");
    api.get("/connections/main", 404).await;

    let saved = api.put("/connections/main", &world.draft(), 201).await;
    assert_eq!(saved["problems"], json!([]));
    let mut again = json!({ "settings": world.draft()["settings"], "create_only": true });
    assert_eq!(api.put("/connections/main", &again, 409).await["title"], "Name already in use");
    again["create_only"] = json!(false);
    api.put("/connections/main", &again, 200).await;
    let one = api.get("/connections/main", 200).await;
    assert_eq!(
        one["saved_settings"]["secrets"],
        json!(["private_key", "import_token"]),
        "they are kept: {one}"
    );
    assert_eq!((&one["managed_by"], &one["unavailable"]), (&json!("console"), &Value::Null));

    set_up(&world).await;
    let plan = api.done("/connections/main/plan").await;
    assert_eq!(plan["kinds"]["user"]["create"], 12, "{plan}");
    api.delete("/connections/main/plan", 204).await;
    assert_eq!(api.get("/connections/main/plan", 200).await["state"], "idle");

    let run = synced(api).await;
    let listed = api.get("/connections/main/runs?kind=full_sync&limit=1", 200).await;
    assert_eq!(listed["runs"][0]["id"], run);
    let detail = api.get(&format!("/connections/main/runs/{run}"), 200).await;
    assert_eq!(detail["run"]["report"]["records"]["user"]["created"], 12, "{detail}");
    assert_eq!(api.get("/connections/main/runs?failed=true", 200).await["runs"], json!([]));
    assert!(api.get("/connections/main/setup-checklist", 200).await["complete"].as_bool().unwrap());

    replays(&world).await;
    let answer = api.post("/connections/main/pause", &json!({ "seconds": 3600 }), 200).await;
    assert!(answer["pause"]["until"].is_string(), "{answer}");
    let refused = api.post("/connections/main/sync-requests", &json!({}), 409).await;
    assert_eq!(refused["title"], "The connection is paused");
    assert_eq!(api.post_empty("/connections/main/resume", 200).await["pause"], Value::Null);
    assert_eq!(api.post("/connections/main/pause", &json!({}), 200).await["pause"]["until"], Value::Null);

    api.delete("/connections/main", 204).await;
    api.delete("/connections/main", 404).await;
    assert!(!api.received().is_empty());
    for secret in world.secrets() {
        assert!(!api.received().contains(&secret), "a secret was told");
    }
    world.end().await;
}

/// Setup, verify, checks, schema and plan, as jobs.
async fn set_up(world: &TestEnv) {
    let api = &world.api;
    assert_eq!(api.get("/connections/main/setup", 200).await, json!({ "state": "idle" }));
    // It is answered while Okta is waited for.
    world.control().call("PUT", "/faults", &json!("okta.latency=1000")).await.unwrap();
    assert_eq!(api.post_empty("/connections/main/setup", 202).await["state"], "running");
    world.control().call("DELETE", "/faults", &Value::Null).await.unwrap();
    let setup = api.done("/connections/main/setup").await;
    assert_eq!(setup["schema"]["state"], "created", "{setup}");
    assert!(setup["event_hook"]["id"].is_string(), "{setup}");
    for job in ["verify", "checks", "schema", "plan"] {
        api.post_empty(&format!("/connections/main/{job}"), 202).await;
    }
    assert!(api.done("/connections/main/checks").await["passed"].as_bool().unwrap());
    assert_eq!(api.done("/connections/main/schema").await["has_differences"], false);
    let verified = api.done("/connections/main/verify").await;
    let findings = verified["findings"].as_array().unwrap();
    assert!(findings.iter().all(|finding| finding["code"] == "cardinality_too_low"), "{verified}");
    api.done("/connections/main/plan").await;
    api.post("/connections/main/self-test", &json!({ "keep_objects": true, "more": 1 }), 422).await;
    api.post("/connections/main/self-test", &json!({ "keep_objects": true }), 202).await;
    let tested = api.done("/connections/main/self-test").await;
    assert_eq!(tested["reference_form"], "each_value", "{tested}");
    assert_eq!(api.get("/connections/main", 200).await["status"]["site_facts"], tested["facts"]);
}

/// Asks for a full run and waits until it has ended. Gives its number.
async fn synced(api: &Api) -> Value {
    let asked =
        api.post("/connections/main/sync-requests", &json!({ "override_safeguards": false }), 202).await;
    let path = format!("/connections/main/sync-requests/{}", asked["id"]);
    let ended = api.wait_until(&path, |answer| answer["run"]["ended_at"].is_string()).await;
    assert_eq!(ended["run"]["report"]["state"], "succeeded", "{ended}");
    assert_eq!(api.delete(&path, 409).await["title"], "Already running");
    let unknown = "/connections/main/sync-requests/999999";
    assert_eq!(api.get(unknown, 404).await["title"], api.delete(unknown, 404).await["title"]);
    ended["run"]["id"].clone()
}

/// Renames somebody in Okta.
async fn renamed(world: &TestEnv, city: &str) {
    let control = world.control();
    let users = control.get("/okta/users?limit=1").await.unwrap();
    let id = users["users"][0]["id"].as_str().unwrap().to_owned();
    control.call("POST", &format!("/okta/users/{id}"), &json!({ "city": city })).await.unwrap();
}

async fn replays(world: &TestEnv) {
    let api = &world.api;
    let mut stream = Stream::open(api, None).await;
    let (first, _, status) = stream.next().await;
    assert_eq!((first.as_str(), &status["connection"]), ("status", &json!("main")));
    renamed(world, "Nuuk").await;
    let (mark, event) = stream.event("applied").await;
    drop(stream);
    let id = event["id"].as_str().unwrap();
    let listed = api.get(&format!("/connections/main/events?search={id}&state=applied"), 200).await;
    assert_eq!(listed["events"].as_array().unwrap().len(), 1, "{listed}");

    // Whoever comes back sees what happened meanwhile, and not what was seen.
    let wish = json!({ "ids": [id] });
    assert_eq!(api.post("/connections/main/events/replay", &wish, 200).await["replayed"], 1);
    let mut stream = Stream::open(api, Some(&mark)).await;
    // Another event may have ended meanwhile as well.
    let again = loop {
        let (_, again) = stream.event("applied").await;
        if again["id"] == event["id"] {
            break again;
        }
    };
    assert_ne!(again["completed_at"], event["completed_at"], "what was seen is not told again");
    let unknown = api.post("/connections/main/events/replay", &json!({ "ids": ["nobody"] }), 404).await;
    assert!(unknown["detail"].as_str().unwrap().contains("\"nobody\""), "{unknown}");
    assert_eq!(api.post_empty("/connections/main/events/replay-failed", 200).await["replayed"], 0);
}

/// A live stream.
struct Stream {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<Vec<u8>>>,
    text: String,
}

impl Stream {
    async fn open(api: &Api, last: Option<&str>) -> Self {
        let mut request = api.request(Method::GET, "/connections/main/stream");
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        let bytes = response.bytes_stream().map(|part| part.map(|bytes| bytes.to_vec())).boxed();
        Self { bytes, text: String::new() }
    }

    /// Name, id and data of what comes next.
    async fn next(&mut self) -> (String, Option<String>, Value) {
        loop {
            if let Some((one, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    one.lines().find_map(|line| line.strip_prefix(name)).map(|text| text.trim().to_owned())
                };
                let told = (field("event:"), field("id:"), field("data:"));
                let rest = rest.to_owned();
                self.text = rest;
                if let (Some(name), id, Some(data)) = told {
                    return (name, id, serde_json::from_str(&data).unwrap());
                }
                continue;
            }
            let part = self.bytes.next().await.expect("the stream goes on").unwrap();
            self.text += std::str::from_utf8(&part).unwrap();
        }
    }

    /// The next event in that state, with the last id until then.
    async fn event(&mut self, state: &str) -> (String, Value) {
        let mut last = String::new();
        loop {
            let (name, id, data) = self.next().await;
            last = id.unwrap_or(last);
            if name == "event" && data["state"] == state && !last.is_empty() {
                return (last, data);
            }
        }
    }
}

#[tokio::test]
async fn saving_requires_master_key() {
    let world = TestEnv::with("").await;
    let refused = world.api.put("/connections/main", &world.draft(), 409).await;
    assert_eq!(refused["title"], "No master key is configured");
    assert!(refused["hint"].as_str().unwrap().contains("console.master_key"), "{refused}");
    assert_eq!(world.api.get("/connections", 200).await["connections"], json!([]));
    world.end().await;
}
