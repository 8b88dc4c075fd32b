//! The event hook.

use serde_json::{Value, json};

use crate::doctor_env::DoctorEnv;

#[tokio::test]
async fn doctor_repairs_event_hook() {
    let env = DoctorEnv::start();
    let missing = [
        "event_hook.active",
        "event_hook.verified",
        "event_hook.url",
        "event_hook.secret",
        "event_hook.event_types",
    ];
    for (method, end, body, id, skipped) in [
        ("POST", "/deactivate", Value::Null, "event_hook.active", &[][..]),
        ("POST", "/unverify", Value::Null, "event_hook.verified", &[]),
        ("PUT", "/events", json!(["user.lifecycle.create"]), "event_hook.event_types", &[]),
        ("DELETE", "", Value::Null, "event_hook.exists", &missing),
    ] {
        env.call(method, &format!("{}{end}", env.hook().await), body).await;
        let found = env.run_checks("c.toml");
        found.names(id, skipped);
        assert_eq!(found.check(id)["auto_fixable"], true);
        let fixed = env.fix("c.toml");
        fixed.is_well();
        let repairs = &fixed.document["connections"][0]["fixes"];
        assert_eq!(
            (&repairs[0]["action"], &repairs[0]["succeeded"]),
            (&json!("Event hook"), &json!(true)),
            "{repairs}"
        );
    }
}

#[test]
fn doctor_repairs_hook_secret_and_url() {
    let env = DoctorEnv::start();
    let url = format!("\"http://{}\"", env.server("listen"));
    let bad = env.with("public_url", &format!("{url}\nsecret = \"another one\""));
    let found = env.run_checks(bad);
    found.names("event_hook.secret", &[]);
    assert!(!found.document.to_string().contains("another one"));
    env.fix(bad).is_well();
    let local = url.replace("127.0.0.1", "localhost");
    let bad = env.with("public_url", &format!("{local}\nsecret = \"another one\""));
    env.run_checks(bad).names("event_hook.url", &[]);
    env.fix(bad).is_well();
}

#[test]
fn unreachable_hook_is_reported() {
    let env = DoctorEnv::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = env.run_checks(env.with("listen", &format!("\"{free}\"")));
    found.names("event_hook.reachable", &[]);
    assert!(found.remedy("event_hook.reachable").starts_with("forward the public URL to the daemon"));
    assert!(found.remedy("event_hook.reachable").contains(&free.to_string()));
}

#[test]
fn system_log_source_needs_no_hook() {
    let env = DoctorEnv::start();
    let log = format!("{}\n[connections.main]\nevent_source = \"system_log\"\n", env.read("c.toml"));
    env.write("bad.toml", &log);
    let found = env.run_checks("bad.toml");
    found.is_well();
    assert_eq!(found.check("event_hook.reachable")["status"], "skipped");
    assert_eq!(found.check("okta.api_scope.event_hooks_read")["status"], "skipped");
}
