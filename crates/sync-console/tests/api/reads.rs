//! What is looked at: objects on both sides, runs as they go on, figures, and what choices would change.

use serde_json::{Value, json};

use crate::test_env::TestEnv;

/// An address below an object's kind, with the id in one piece.
fn object(kind: &str, id: &str) -> String {
    format!(
        "/connections/main/objects/{kind}/{}",
        id.replace('/', "%2F").replace('@', "%40").replace(' ', "%20")
    )
}

async fn synced() -> TestEnv {
    let world = TestEnv::start().await.saved().await;
    world.api.post_empty("/connections/main/setup", 202).await;
    world.api.done("/connections/main/setup").await;
    let asked = world.api.post("/connections/main/sync-requests", &json!({}), 202).await;
    let path = format!("/connections/main/sync-requests/{}", asked["id"]);
    let ended = world.api.wait_until(&path, |answer| answer["run"]["ended_at"].is_string()).await;
    assert_eq!(ended["accepted"], true, "{ended}");
    world.api.get("/connections/main/sync-requests/4711", 404).await;
    world
}

#[tokio::test]
async fn object_is_found_and_resent() {
    let world = synced().await;
    let api = &world.api;
    let users = world.control().get("/okta/users?limit=1").await.unwrap();
    let user = &users["users"][0];
    let (id, login) = (user["id"].as_str().unwrap(), user["profile"]["login"].as_str().unwrap());

    let all = api.get("/connections/main/objects?kind=user&limit=5", 200).await;
    assert_eq!((all["objects"].as_array().unwrap().len(), &all["has_more"]), (5, &json!(true)), "{all}");
    let found = api.get(&format!("/connections/main/objects?q={id}"), 200).await;
    assert_eq!(found["objects"][0]["key"], json!({ "kind": "user", "id": id }), "{found}");
    assert_eq!(api.get("/connections/main/objects?q=nobody-at-all", 200).await["objects"], json!([]));

    let seen = api.get(&object("user", id), 200).await;
    assert_eq!(seen["okta"]["profile"]["login"], login, "{seen}");
    assert_eq!((&seen["okta"]["state"], &seen["state"]), (&json!("found"), &json!("in_sync")), "{seen}");
    assert_eq!(api.get("/connections/main/active-runs", 200).await["recent"][0]["kind"], "full_sync");
    let groups = api.get("/connections/main/objects?kind=group", 200).await;
    let group = groups["objects"][0]["key"]["id"].as_str().unwrap();
    assert_eq!(api.get(&object("group", group), 200).await["okta"]["state"], "found");
    api.get(&object("user", group), 404).await;
    api.get(&object("user", "00unobody"), 404).await;

    // What nobody has sent is found by its login, and the answer has its id.
    let made = json!({ "login": "new@example.com" });
    let new = world.control().call("POST", "/okta/users", &made).await.unwrap();
    let named = api.get(&object("user", "new@example.com"), 200).await;
    assert_eq!(named["key"]["id"], new["id"], "{named}");

    api.post_empty(&format!("{}/resend", object("user", id)), 202).await;
    let read = |runs: &Value| runs["runs"].as_array().unwrap().iter().any(|run| run["kind"] != "full_sync");
    api.wait_until("/connections/main/runs", |runs| read(runs)).await;
    world.end().await;
}

#[tokio::test]
async fn tasks_tell_reason_and_outcome() {
    let world = synced().await;
    let api = &world.api;
    let named = |all: &Value, name: &str| {
        all["tasks"].as_array().unwrap().iter().find(|task| task["task"] == name).cloned()
    };
    let succeeded = |task: &Value| task["last"]["outcome"] == "succeeded" && task["failures"] == 0;
    let applied = |all: &Value| named(all, "events").is_some_and(|task| succeeded(&task));
    let tasks = api.wait_until("/connections/main/tasks", applied).await;
    assert_eq!(tasks["connection"], "main");
    let recovery = named(&tasks, "recovery").unwrap();
    assert_eq!((&recovery["last"]["reason"], &recovery["activations"]), (&json!("start"), &json!(1)));
    assert!(succeeded(&recovery) && recovery["running"].is_null(), "{recovery}");
    let synced = |all: &Value| named(all, "sync").is_some_and(|task| succeeded(&task));
    let sync = api.wait_until("/connections/main/tasks", synced).await;
    assert_eq!(named(&sync, "sync").unwrap()["last"]["reason"], "woken", "{sync}");
    let daemon =
        api.wait_until("/tasks", |all| named(all, "store_check").is_some_and(|task| succeeded(&task)));
    assert!(named(&daemon.await, "connection_retry").is_some());
    world.end().await;
}

#[tokio::test]
async fn end_of_job_is_awaited() {
    let world = synced().await;
    let api = &world.api;
    let path = "/connections/main/verify";
    assert_eq!(api.get(&format!("{path}?wait_seconds=30"), 200).await["state"], "idle", "nothing runs");
    api.post_empty(path, 202).await;
    let ended = api.get(&format!("{path}?wait_seconds=30"), 200).await;
    assert_eq!(ended["state"], "succeeded", "{ended}");
    world.end().await;
}

#[tokio::test]
async fn event_is_read_by_id() {
    let world = synced().await;
    let api = &world.api;
    let users = world.control().get("/okta/users?limit=1").await.unwrap();
    let id = users["users"][0]["id"].as_str().unwrap().to_owned();
    world.control().call("POST", &format!("/okta/users/{id}"), &json!({ "city": "Nuuk" })).await.unwrap();
    let named = |all: &Value| {
        let mut events = all["events"].as_array().unwrap().iter();
        events.find(|event| event["event_type"] == "user.account.update_profile").cloned()
    };
    let listed = api.wait_until("/connections/main/events?state=applied", |all| named(all).is_some()).await;
    let event = named(&listed).unwrap();
    let event = event["id"].as_str().unwrap();
    let one = api.get(&format!("/connections/main/events/{event}"), 200).await;
    assert_eq!((&one["id"], &one["connection"]), (&json!(event), &json!("main")));
    assert_eq!(one["subjects"][0]["id"], json!(id), "{one}");
    let half = &event[..event.len() - 1];
    api.get(&format!("/connections/main/events/{half}"), 404).await;
    world.end().await;
}

#[tokio::test]
async fn outage_alert_fires_and_resolves() {
    let world = synced().await;
    let troubles = |answer: &Value| answer["alerts"].as_array().unwrap().clone();
    let path = "/connections/main/alerts";
    assert_eq!(troubles(&world.api.get(path, 200).await), [Value::Null; 0]);
    world.control().call("PUT", "/faults", &json!("okta.5xx=1")).await.unwrap();
    let told = world
        .api
        .wait_until(path, |answer| troubles(answer).iter().any(|t| t["resolved_at"].is_null()))
        .await;
    let finding = troubles(&told)[0]["finding"].clone();
    assert_eq!(finding["code"], "task_failing", "{told}");
    assert!(finding["facts"]["error"].as_str().unwrap().contains("Okta returned status"), "{told}");
    world.control().call("DELETE", "/faults", &Value::Null).await.unwrap();
    world.api.wait_until(path, |answer| troubles(answer).iter().all(|t| t["resolved_at"].is_string())).await;
    world.end().await;
}

#[tokio::test]
async fn metric_samples_cover_one_day() {
    let world = TestEnv::start().await.saved().await;
    let api = &world.api;
    let samples =
        api.wait_until("/connections/main/metric-samples", |all| all["samples"][0].is_object()).await;
    let at = samples["samples"][0]["sampled_at"].as_str().unwrap();
    let since = |answer: &Value| answer["since"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let day = since(&samples);
    let long = api.get("/connections/main/metric-samples?since=1969-07-20T20:17:40Z", 200).await;
    let more = day.duration_since(since(&long)).as_mins();
    assert!((0..=60).contains(&more), "there is an hour more: {long}");
    let none = api.get("/connections/main/metric-samples?since=2999-01-01T00:00:00Z", 200).await;
    assert_eq!(none["samples"], json!([]));
    let exact = api.get(&format!("/connections/main/metric-samples?since={at}"), 200).await;
    assert_eq!(exact["samples"][0]["sampled_at"], json!(at), "{exact} after {samples}");
    world.end().await;
}

#[tokio::test]
async fn schema_preview_saves_nothing() {
    let world = TestEnv::start().await.saved().await;
    let api = &world.api;
    let choices = json!({ "mapping": { "user": { "exclude": ["city"] } } });
    let seen = api.post("/connections/main/schema/preview", &choices, 200).await;
    let state = |side: &str| {
        let types = seen[side]["types"].as_array().unwrap();
        let user = types.iter().find(|of| of["kind"] == "user").unwrap();
        let attributes = user["attributes"].as_array().unwrap();
        attributes.iter().find(|one| one["okta"]["name"] == "city").unwrap()["state"].clone()
    };
    assert_eq!((state("current"), state("proposed")), (json!("new"), json!("excluded")));
    assert_ne!(seen["current"]["mapping_version"], seen["proposed"]["mapping_version"]);
    let kept = api.get("/connections/main", 200).await;
    assert_eq!(kept["saved_settings"]["settings"]["mapping"]["user"]["exclude"], json!([]), "{kept}");
    let same = api.post("/connections/main/schema/preview", &json!({ "mapping": {} }), 200).await;
    assert_eq!(same["current"], same["proposed"]);
    let refused = json!({ "mapping": { "user_label": "noSuchAttribute" } });
    let refused = api.post("/connections/main/schema/preview", &refused, 422).await;
    assert!(
        refused["detail"]
            .as_str()
            .unwrap()
            .contains("mapping.user_label: no user type of the org has the attribute \"noSuchAttribute\""),
        "{refused}"
    );
    world.end().await;
}
