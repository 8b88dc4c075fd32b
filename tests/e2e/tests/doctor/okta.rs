//! The org: address, clock, credentials, scopes, role, limits.

use crate::doctor_env::{AT_OKTA, DoctorEnv, SIGNED_IN};
use crate::support::{NO_LISTENER, TestEnv};

/// Checks that require an answer from the org.
fn unreachable<'a>(but: &[&'a str]) -> Vec<&'a str> {
    let behind = ["clock", "okta.credentials", "okta.rate_limit"];
    SIGNED_IN.into_iter().chain(behind).chain(but.iter().copied()).collect()
}

#[test]
fn wrong_org_address_shows_evidence() {
    let env = DoctorEnv::start();
    let assets = env.ready()["insight"]["api_url"].to_string();
    let okta = env.ready()["okta"]["org_url"].as_str().unwrap().to_owned();
    for (url, seen) in [
        (format!("\"http://{NO_LISTENER}\""), "refuses the connection"),
        (assets, "doesn't respond like an Okta org"),
        (format!("\"{}\"", okta.replace("http://", "https://")), "doesn't use TLS"),
    ] {
        let found = env.run_checks(env.with("org_url", &url));
        found.names("okta.reachable", &unreachable(&["okta.url"]));
        let evidence = found.check("okta.reachable")["details"].as_str().unwrap();
        assert!(evidence.contains(seen), "{evidence}");
        let action = found.check("okta.reachable")["remedies"][0]["action"].as_str().unwrap();
        assert!(["correct_org_url", "correct_setting"].contains(&action), "{action}");
    }
    env.run_checks("c.toml").is_well();
}

#[test]
fn untrusted_certificate_is_reported() {
    let env = DoctorEnv::start();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (env.path("cert.pem"), env.path("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let other = TestEnv::start(&files);
    let url = std::fs::read_to_string(other.path("c.toml")).unwrap();
    let url = url.lines().find_map(|line| line.strip_prefix("org_url = ")).unwrap();
    let found = env.run_checks(env.with("org_url", url));
    found.names("okta.reachable", &unreachable(&["okta.url"]));
    let evidence = found.check("okta.reachable")["details"].as_str().unwrap();
    assert!(evidence.contains("certificate") && evidence.contains("isn't trusted"), "{evidence}");
}

#[test]
fn admin_console_url_is_corrected() {
    let env = DoctorEnv::start();
    let found = env.run_checks(env.with("org_url", "\"https://acme-admin.okta.com\""));
    found.names("okta.url", &unreachable(&["okta.reachable"]));
    let evidence = found.check("okta.url")["details"].as_str().unwrap();
    assert!(evidence.contains("use https://acme.okta.com"), "{evidence}");
}

#[tokio::test]
async fn clock_difference_fails_or_warns() {
    let env = DoctorEnv::start();
    for seconds in ["3600", "-3600"] {
        env.post(&format!("/okta/clock/{seconds}")).await;
        let found = env.run_checks("c.toml");
        found.names("clock", &[]);
        let way = if seconds.starts_with('-') { "ahead of" } else { "behind" };
        assert!(found.check("clock")["details"].as_str().unwrap().contains(way));
    }
    env.post("/okta/clock/60").await;
    env.run_checks("c.toml").warns("clock");
    env.post("/okta/clock/0").await;
    assert_eq!(env.run_checks("c.toml").check("clock")["status"], "passed");
}

#[test]
fn credential_failures_are_distinguished() {
    let env = DoctorEnv::start();
    let found = env.run_checks(env.with("client_id", "\"0oanobody\""));
    found.names("okta.credentials", &SIGNED_IN);
    assert!(found.remedy("okta.credentials").contains("okta.client_id"));
    assert!(found.details("okta.credentials").contains("0oanobody"));

    let mut key = env.ready()["okta"]["private_key_jwk"].clone();
    let kid = std::mem::replace(&mut key["kid"], "unregistered".into());
    let text = |key: &serde_json::Value| serde_json::Value::from(key.to_string()).to_string();
    let found = env.run_checks(env.with("private_key", &text(&key)));
    found.names("okta.credentials", &SIGNED_IN);
    assert!(found.details("okta.credentials").contains("unregistered"));

    let mut other = DoctorEnv::before_setup(&["--users", "1"]).ready()["okta"]["private_key_jwk"].clone();
    other["kid"] = kid;
    let bad = env.with("private_key", &text(&other));
    let found = env.run_checks(bad);
    // The secret of the hook comes from the key; what Okta has is not looked at without a token.
    found.names("okta.credentials", &SIGNED_IN);
    assert!(
        found.details("okta.credentials").contains("doesn't match the private key"),
        "{}",
        found.details("okta.credentials")
    );
    assert!(!found.document.to_string().contains(other["d"].as_str().unwrap()));
}

#[tokio::test]
async fn missing_scope_names_its_feature() {
    let env = DoctorEnv::start();
    let role: &[&str] = &["okta.role"];
    let schemas = ["okta.schemas", "assets.mapping", "assets.objects", "assets.cardinality"];
    for (scope, id, skipped, feature) in [
        ("okta.users.read", "okta.api_scope.users", role, "reading users"),
        ("okta.groups.read", "okta.api_scope.groups", role, "reading groups"),
        ("okta.userTypes.read", "okta.api_scope.user_types", &schemas, "user types"),
        ("okta.schemas.read", "okta.api_scope.schemas", &schemas, "reading the schemas"),
        ("okta.logs.read", "okta.api_scope.logs", &["okta.log"], "System Log"),
    ] {
        env.post(&format!("/okta/scopes/{scope}/off")).await;
        let found = env.run_checks("c.toml");
        found.names(id, skipped);
        assert!(found.check(id)["details"].as_str().unwrap().contains(feature));
        assert!(found.remedy(id).ends_with(&format!("Okta API Scopes; grant {scope}")));
        env.post(&format!("/okta/scopes/{scope}/on")).await;
        env.run_checks("c.toml").is_well();
    }
    // Managing covers reading; without both, the hook cannot be read.
    env.post("/okta/scopes/okta.eventHooks.manage/off").await;
    env.run_checks("c.toml").is_well();
    env.post("/okta/scopes/okta.eventHooks.read/off").await;
    env.run_checks("c.toml").names("okta.api_scope.event_hooks_read", &AT_OKTA);
    let only = env.with("client_id", "\"0oasandboxclient0d7\"\napi_scopes = [\"okta.users.read\"]");
    let found = env.run_checks(only);
    assert!(found.remedy("okta.api_scope.groups").contains("okta.api_scopes"));
}

#[tokio::test]
async fn missing_role_names_required_role() {
    let env = DoctorEnv::start();
    let schemas = ["assets.mapping", "assets.objects", "assets.cardinality"];
    env.post("/okta/role/off").await;
    let found = env.run_checks("c.toml");
    let skipped: Vec<&str> = ["okta.schemas", "okta.log"].into_iter().chain(AT_OKTA).chain(schemas).collect();
    found.names("okta.role", &skipped);
    assert!(found.check("okta.role")["details"].as_str().unwrap().contains("is empty"));
    assert!(found.remedy("okta.role").contains("Read-only Administrator"));
    env.post("/okta/role/no-schemas").await;
    env.run_checks("c.toml").names("okta.schemas", &schemas);
    env.post("/okta/role/on").await;
    env.run_checks("c.toml").is_well();
}

#[tokio::test]
async fn bearer_token_and_low_limit_warn() {
    let env = DoctorEnv::before_setup(&["--users", "12", "--groups", "3", "--dpop", "off"]);
    assert!(env.run(&["setup", "--config", "c.toml"]).status.success());
    env.post("/okta/rate-limit/90").await;
    let found = env.run_checks("c.toml");
    found.warns("okta.dpop");
    found.warns("okta.rate_limit");
    assert!(found.check("okta.rate_limit")["details"].as_str().unwrap().contains("90 requests per minute"));
    env.post("/okta/rate-limit/off").await;
    assert_eq!(env.run_checks("c.toml").check("okta.rate_limit")["status"], "passed");
}

#[test]
fn unknown_scope_value_is_reported() {
    let env = DoctorEnv::start();
    let settings = std::fs::read_to_string(env.path("c.toml")).unwrap();
    let run_checks = |users: &str| {
        std::fs::write(
            env.path("chosen.toml"),
            format!("{settings}\n[connections.main.scope.users]\n{users}\n"),
        )
        .unwrap();
        env.run_checks("chosen.toml")
    };
    for (users, seen) in [
        ("types = [\"Nobody\"]", "user type \"Nobody\""),
        ("profile = { departmnet = [\"*\"] }", "user attribute \"departmnet\""),
        ("member_of = [\"00gNO_LISTENER\"]", "group 00gNO_LISTENER"),
    ] {
        let found = run_checks(users);
        found.names("okta.scope", &[]);
        let evidence = found.check("okta.scope")["details"].as_str().unwrap();
        assert!(evidence.contains(seen), "{evidence}");
        assert!(found.remedy("okta.scope").contains("scope"));
    }
    run_checks("types = [\"user\"]\nprofile = { department = [\"*\"] }").is_well();
}
