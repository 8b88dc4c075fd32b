//! The event hook.

use serde_json::{Value, json};

use crate::clinic::DoctorEnv;

#[tokio::test]
async fn doctor_repairs_event_hook() {
    let clinic = DoctorEnv::start();
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
        clinic.call(method, &format!("{}{end}", clinic.hook().await), body).await;
        let found = clinic.look("c.toml");
        found.names(id, skipped);
        assert_eq!(found.check(id)["auto_fixable"], true);
        let fixed = clinic.fix("c.toml");
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
    let clinic = DoctorEnv::start();
    let url = format!("\"http://{}\"", clinic.server("listen"));
    let bad = clinic.with("public_url", &format!("{url}\nsecret = \"another one\""));
    let found = clinic.look(bad);
    found.names("event_hook.secret", &[]);
    assert!(!found.document.to_string().contains("another one"));
    clinic.fix(bad).is_well();
    let local = url.replace("127.0.0.1", "localhost");
    let bad = clinic.with("public_url", &format!("{local}\nsecret = \"another one\""));
    clinic.look(bad).names("event_hook.url", &[]);
    clinic.fix(bad).is_well();
}

#[test]
fn unreachable_hook_is_reported() {
    let clinic = DoctorEnv::start();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let found = clinic.look(clinic.with("listen", &format!("\"{free}\"")));
    found.names("event_hook.reachable", &[]);
    assert!(found.remedy("event_hook.reachable").starts_with("forward the public URL to the daemon"));
    assert!(found.remedy("event_hook.reachable").contains(&free.to_string()));
}

#[test]
fn system_log_source_needs_no_hook() {
    let clinic = DoctorEnv::start();
    let log = format!("{}\n[connections.main]\nevent_source = \"system_log\"\n", clinic.read("c.toml"));
    clinic.write("bad.toml", &log);
    let found = clinic.look("bad.toml");
    found.is_well();
    assert_eq!(found.check("event_hook.reachable")["status"], "skipped");
    assert_eq!(found.check("okta.api_scope.event_hooks_read")["status"], "skipped");
}
