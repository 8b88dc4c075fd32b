//! Whatever is sent, the answer is a problem that is documented.

use std::sync::OnceLock;

use proptest::prelude::*;
use reqwest::Method;
use serde_json::{Value, json};

use crate::test_env::TestEnv;

fn body(kind: &str, text: impl Into<reqwest::Body>, world: &TestEnv, path: &str) -> reqwest::RequestBuilder {
    world.api.request(Method::PUT, path).header("content-type", kind).body(text)
}

#[tokio::test]
async fn invalid_bodies_are_rejected() {
    let world = TestEnv::start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_settings = format!("{{\"settings\":{}1{}}}", "{\"okta\":".repeat(20_000), "}".repeat(20_000));
    let large = format!("{{\"settings\":{{}},\"although\":{}true}}", " ".repeat(300_000));
    let json = "application/json";
    for (kind, text, status) in [
        (json, "", 400),
        (json, "{", 400),
        (json, "{\"settings\":{}} more", 400),
        (json, "\u{0}", 400),
        (json, "NaN", 400),
        (json, deep.as_str(), 400),
        (json, deep_settings.as_str(), 400),
        (json, large.as_str(), 413),
        (json, "[]", 422),
        (json, "null", 422),
        (json, "{\"settings\":{},\"unknown\":1}", 422),
        (json, "{\"settings\":{\"okta\":{\"private_key\":\"s3cret\"}}}", 422),
        (json, "{\"settings\":{},\"secrets\":{\"import_token\":\"\"}}", 422),
        (json, "{\"settings\":{},\"secrets\":{\"import_token\":12345678901234567890}}", 422),
        (json, "{\"settings\":{},\"secrets\":{\"s3cret\":\"s3cret\"}}", 422),
        (json, "{\"settings\":{\"safeguards\":{\"min_retired_count\":1e400}}}", 400),
        (json, "{\"settings\":{\"safeguards\":{\"min_retired_count\":-1}}}", 422),
        (json, "{\"settings\":{\"okta\":{\"org_url\":\"https://x\\u0000\"}}}", 422),
        ("text/plain", "{\"settings\":{}}", 415),
        ("application/x-www-form-urlencoded", "settings=1", 415),
        ("application/jsonx", "{\"settings\":{}}", 415),
    ] {
        let (told, answer) = world.api.answer(body(kind, text.to_owned(), &world, "/connections/main")).await;
        let shown: String = text.chars().take(60).collect();
        assert_eq!(told, status, "{shown}: {answer}");
    }
    let bytes = body(json, vec![0xff_u8, 0xfe, 0x00], &world, "/connections/main");
    assert_eq!(world.api.answer(bytes).await.0, 400);
    let without = world.api.request(Method::PUT, "/connections/main").body("{}");
    assert_eq!(world.api.answer(without).await.0, 415);
    assert!(!world.api.received().contains("s3cret"), "what may be a secret was told");
    assert!(!world.api.received().contains("12345678901234567890"), "what may be a secret was told");
    world.end().await;
}

#[tokio::test]
async fn invalid_paths_and_parameters_are_rejected() {
    let world = TestEnv::start().await.saved().await;
    for (path, status) in [
        ("/connections/Main", 404),
        ("/connections/..%2Fmain", 404),
        ("/connections/%00", 404),
        ("/connections/%ff", 404),
        ("/connections/main%0d%0aX-Evil:%201", 404),
        ("/connections/main/", 404),
        ("//connections", 404),
        ("/connections/main/runs/0", 404),
        ("/connections/main/runs/-1", 404),
        ("/connections/main/runs/99999999999999999999", 404),
        ("/connections/main/runs/1e3", 404),
        ("/connections/main/runs/%31%00", 404),
        ("/connections/main/runs?limit=0", 422),
        ("/connections/main/runs?limit=1001", 422),
        ("/connections/main/runs?limit=-1", 422),
        ("/connections/main/runs?limit=4294967296", 422),
        ("/connections/main/runs?limit=1&limit=2", 422),
        ("/connections/main/runs?kind=everything", 422),
        ("/connections/main/runs?unknown=1", 422),
        ("/connections/main/runs?failed=perhaps", 422),
        ("/connections/main/events?state=", 422),
        ("/connections/main/events?search=%00%27%22%25", 200),
        ("/connections/main/events/nobody", 404),
        ("/connections/main/events/%00", 404),
        ("/connections/main/objects?limit=0", 422),
        ("/connections/main/objects?limit=501", 422),
        ("/connections/main/objects?kind=device", 422),
        ("/connections/main/objects?search=x", 422),
        ("/connections/main/objects?q=%00%27%22%25", 200),
        ("/connections/main/objects/device/x", 404),
        ("/connections/main/objects/user/", 404),
        ("/connections/main/objects/user/%00", 404),
        ("/connections/main/objects/user/%ff", 404),
        ("/connections/main/objects/group/..%2Fusers", 404),
        ("/connections/main/objects/membership/x", 404),
        ("/connections/main/metric-samples?since=yesterday", 422),
        ("/connections/main/metric-samples?since=", 422),
        ("/connections/main/metric-samples?until=2026-01-01T00:00:00Z", 422),
        ("/connections/main/active-runs?kind=full", 422),
        ("/connections/nobody/active-runs", 404),
        ("/connections/main/tasks?task=sync", 422),
        ("/connections/nobody/tasks", 404),
        ("/tasks?limit=1", 422),
        ("/connections/main/checks?wait_seconds=31", 422),
        ("/connections/main/checks?wait_seconds=-1", 422),
        ("/tokens/7", 405),
        ("/tokens?role=admin", 422),
        ("/connections?limit=1", 422),
        ("/version?x", 422),
    ] {
        let (told, answer) = world.api.answer(world.api.request(Method::GET, path)).await;
        assert_eq!(told, status, "{path}: {answer}");
    }
    let long = "x".repeat(201);
    world.api.get(&format!("/connections/main/events?search={long}"), 422).await;
    world.api.get(&format!("/connections/main/events/{long}"), 404).await;
    world.api.get(&format!("/connections/main/objects?q={long}"), 422).await;
    world.api.get(&format!("/connections/main/objects/user/{long}"), 404).await;
    for id in [".%2F..", "a%20b", "%C3%A9", "a%2Fb", &"x".repeat(65)] {
        world.api.post_empty(&format!("/connections/main/objects/user/{id}/resend"), 404).await;
        world.api.post_empty(&format!("/connections/main/objects/membership/{id}%2F/resend"), 404).await;
    }
    for last in ["x", "-1", "1e9", "99999999999999999999", ".", "\u{e9}"] {
        let request =
            world.api.request(Method::GET, "/connections/main/stream").header("last-event-id", last);
        assert_eq!(world.api.answer(request).await.0, 400, "{last}");
    }
    for (path, body) in [
        ("pause", json!({ "seconds": 0 })),
        ("pause", json!({ "seconds": 31_536_001 })),
        ("pause", json!({ "seconds": 1.5 })),
        ("pause", json!({ "seconds": u64::MAX })),
        ("sync-requests", json!({ "override_safeguards": "yes" })),
        ("sync-requests", json!([true])),
        ("validate", json!({ "settings": { "schedule": [null, "1d"] } })),
        ("validate", json!([{}, {}, false, false])),
        ("schema/preview", json!({})),
        ("schema/preview", json!({ "mapping": { "external_id_prefix": "a b" } })),
        ("schema/preview", json!({ "mapping": { "user_label": "noSuchAttribute" } })),
        ("schema/preview", json!({ "mapping": { "membership_strategy": "objects" } })),
        ("schema/preview", json!({ "mapping": { "user": { "types": { "city": "no-type" } } } })),
        ("schema/preview", json!({ "mapping": { "unknown": 1 } })),
        ("events/replay", json!({ "ids": [] })),
        ("events/replay", json!({ "ids": vec!["x"; 1001] })),
        ("events/replay", json!({ "ids": [7] })),
    ] {
        world.api.post(&format!("/connections/main/{path}"), &body, 422).await;
    }
    // A number without a fraction is an integer, however it is written.
    world.api.post("/connections/main/pause", &json!({ "seconds": 3600.0 }), 200).await;
    let unknown =
        world.api.post("/connections/main/events/replay", &json!({ "ids": ["\u{0}'\""] }), 404).await;
    assert_eq!(unknown["title"], "Not found");
    world.end().await;
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        prop::sample::select(vec![
            "settings",
            "secrets",
            "okta",
            "assets",
            "org_url",
            "ids",
            "seconds",
            "override_safeguards",
            "safeguards",
            "scope",
            "users",
            "mapping",
            "schedule",
            "full_sync",
            "import_token",
            "ignore_check_failures",
            "user",
            "exclude",
        ])
        .prop_map(str::to_owned),
        ".{0,8}",
    ];
    leaf.prop_recursive(4, 40, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// One daemon for all that is tried.
fn shared() -> &'static (tokio::runtime::Runtime, TestEnv) {
    static SHARED: OnceLock<(tokio::runtime::Runtime, TestEnv)> = OnceLock::new();
    SHARED.get_or_init(|| {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let world = runtime.block_on(async { TestEnv::start().await.saved().await });
        (runtime, world)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn no_body_breaks_anything(
        value in any_json(),
        path in prop::sample::select(vec![
            "validate", "pause", "sync-requests", "events/replay", "schema/preview",
        ]),
    ) {
        let (runtime, world) = shared();
        let request = world.api.request(Method::POST, &format!("/connections/main/{path}")).json(&value);
        let (status, answer) = runtime.block_on(world.api.answer(request));
        prop_assert!(status < 500, "{status}: {answer}");
    }

    #[test]
    fn no_path_breaks_anything(path in "(/[a-z]{0,12}|/%[0-9a-f]{2}|/main|/connections){0,6}(\\?[ -~&&[^#]]{0,20})?") {
        let (runtime, world) = shared();
        let Ok(request) = world.api.request(Method::GET, &path).build() else { return Ok(()) };
        if request.url().path().ends_with("/stream") {
            return Ok(());
        }
        let (status, answer) = runtime.block_on(world.api.answer(world.api.request(Method::GET, &path)));
        prop_assert!(status < 500, "{status}: {answer}");
    }
}
