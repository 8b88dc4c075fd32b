//! The org: address, clock, credentials, scopes, role, limits.

use crate::clinic::{AT_OKTA, DoctorEnv, SIGNED_IN};
use crate::support::{NO_LISTENER, TestEnv};

/// What nobody can look at when the org does not answer.
fn unreachable<'a>(but: &[&'a str]) -> Vec<&'a str> {
    let behind = ["clock", "okta.credentials", "okta.rate_limit"];
    SIGNED_IN.into_iter().chain(behind).chain(but.iter().copied()).collect()
}

#[test]
fn an_address_without_an_org_is_told_by_what_is_there_instead() {
    let clinic = DoctorEnv::start();
    let assets = clinic.ready()["insight"]["api_url"].to_string();
    let okta = clinic.ready()["okta"]["org_url"].as_str().unwrap().to_owned();
    for (url, seen) in [
        (format!("\"http://{NO_LISTENER}\""), "refuses the connection"),
        (assets, "doesn't respond like an Okta org"),
        (format!("\"{}\"", okta.replace("http://", "https://")), "doesn't use TLS"),
    ] {
        let found = clinic.look(clinic.with("org_url", &url));
        found.names("okta.reachable", &unreachable(&["okta.url"]));
        let evidence = found.check("okta.reachable")["details"].as_str().unwrap();
        assert!(evidence.contains(seen), "{evidence}");
        let action = found.check("okta.reachable")["remedies"][0]["action"].as_str().unwrap();
        assert!(["correct_org_url", "correct_setting"].contains(&action), "{action}");
    }
    clinic.look("c.toml").is_well();
}

#[test]
fn a_certificate_that_nobody_vouches_for_is_named() {
    let clinic = DoctorEnv::start();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let (certificate, key) = (clinic.path("cert.pem"), clinic.path("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let files = ["--tls-cert", certificate.to_str().unwrap(), "--tls-key", key.to_str().unwrap()];
    let other = TestEnv::start(&files);
    let url = std::fs::read_to_string(other.path("c.toml")).unwrap();
    let url = url.lines().find_map(|line| line.strip_prefix("org_url = ")).unwrap();
    let found = clinic.look(clinic.with("org_url", url));
    found.names("okta.reachable", &unreachable(&["okta.url"]));
    let evidence = found.check("okta.reachable")["details"].as_str().unwrap();
    assert!(evidence.contains("certificate") && evidence.contains("isn't trusted"), "{evidence}");
}

#[test]
fn the_admin_console_is_no_org_and_the_right_address_is_named() {
    let clinic = DoctorEnv::start();
    let found = clinic.look(clinic.with("org_url", "\"https://acme-admin.okta.com\""));
    found.names("okta.url", &unreachable(&["okta.reachable"]));
    let evidence = found.check("okta.url")["details"].as_str().unwrap();
    assert!(evidence.contains("use https://acme.okta.com"), "{evidence}");
}

#[tokio::test]
async fn a_clock_that_is_off_is_named_a_little_as_a_warning() {
    let clinic = DoctorEnv::start();
    for seconds in ["3600", "-3600"] {
        clinic.post(&format!("/okta/clock/{seconds}")).await;
        let found = clinic.look("c.toml");
        found.names("clock", &[]);
        let way = if seconds.starts_with('-') { "ahead of" } else { "behind" };
        assert!(found.check("clock")["details"].as_str().unwrap().contains(way));
    }
    clinic.post("/okta/clock/60").await;
    clinic.look("c.toml").warns("clock");
    clinic.post("/okta/clock/0").await;
    assert_eq!(clinic.look("c.toml").check("clock")["status"], "passed");
}

#[test]
fn refused_credentials_are_told_apart_as_far_as_okta_tells() {
    let clinic = DoctorEnv::start();
    let found = clinic.look(clinic.with("client_id", "\"0oanobody\""));
    found.names("okta.credentials", &SIGNED_IN);
    assert!(found.remedy("okta.credentials").contains("okta.client_id"));
    assert!(found.details("okta.credentials").contains("0oanobody"));

    let mut key = clinic.ready()["okta"]["private_key_jwk"].clone();
    let kid = std::mem::replace(&mut key["kid"], "unregistered".into());
    let text = |key: &serde_json::Value| serde_json::Value::from(key.to_string()).to_string();
    let found = clinic.look(clinic.with("private_key", &text(&key)));
    found.names("okta.credentials", &SIGNED_IN);
    assert!(found.details("okta.credentials").contains("unregistered"));

    let mut other = DoctorEnv::before_setup(&["--users", "1"]).ready()["okta"]["private_key_jwk"].clone();
    other["kid"] = kid;
    let bad = clinic.with("private_key", &text(&other));
    let found = clinic.look(bad);
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
async fn each_scope_that_is_lacking_is_named_with_what_lacks_it() {
    let clinic = DoctorEnv::start();
    let role: &[&str] = &["okta.role"];
    let schemas = ["okta.schemas", "assets.mapping", "assets.objects", "assets.cardinality"];
    for (scope, id, skipped, feature) in [
        ("okta.users.read", "okta.api_scope.users", role, "reading users"),
        ("okta.groups.read", "okta.api_scope.groups", role, "reading groups"),
        ("okta.userTypes.read", "okta.api_scope.user_types", &schemas, "user types"),
        ("okta.schemas.read", "okta.api_scope.schemas", &schemas, "the mapping"),
        ("okta.logs.read", "okta.api_scope.logs", &["okta.log"], "System Log"),
    ] {
        clinic.post(&format!("/okta/scopes/{scope}/off")).await;
        let found = clinic.look("c.toml");
        found.names(id, skipped);
        assert!(found.check(id)["details"].as_str().unwrap().contains(feature));
        assert!(found.remedy(id).ends_with(&format!("Okta API Scopes; grant {scope}")));
        clinic.post(&format!("/okta/scopes/{scope}/on")).await;
        clinic.look("c.toml").is_well();
    }
    // Managing covers reading; with neither, nobody can look at the hook.
    clinic.post("/okta/scopes/okta.eventHooks.manage/off").await;
    clinic.look("c.toml").is_well();
    clinic.post("/okta/scopes/okta.eventHooks.read/off").await;
    clinic.look("c.toml").names("okta.api_scope.event_hooks_read", &AT_OKTA);
    let only = clinic.with("client_id", "\"0oasandboxclient0d7\"\napi_scopes = [\"okta.users.read\"]");
    let found = clinic.look(only);
    assert!(found.remedy("okta.api_scope.groups").contains("okta.api_scopes"));
}

#[tokio::test]
async fn an_app_without_a_role_sees_no_users_and_one_without_schemas_is_told_which_role() {
    let clinic = DoctorEnv::start();
    let schemas = ["assets.mapping", "assets.objects", "assets.cardinality"];
    clinic.post("/okta/role/off").await;
    let found = clinic.look("c.toml");
    let skipped: Vec<&str> = ["okta.schemas", "okta.log"].into_iter().chain(AT_OKTA).chain(schemas).collect();
    found.names("okta.role", &skipped);
    assert!(found.check("okta.role")["details"].as_str().unwrap().contains("is empty"));
    assert!(found.remedy("okta.role").contains("Read-only Administrator"));
    clinic.post("/okta/role/no-schemas").await;
    clinic.look("c.toml").names("okta.schemas", &schemas);
    clinic.post("/okta/role/on").await;
    clinic.look("c.toml").is_well();
}

#[tokio::test]
async fn a_low_limit_and_a_bearer_token_are_warnings() {
    let clinic = DoctorEnv::before_setup(&["--users", "12", "--groups", "3", "--dpop", "off"]);
    assert!(clinic.run(&["setup", "--config", "c.toml"]).status.success());
    clinic.post("/okta/rate-limit/90").await;
    let found = clinic.look("c.toml");
    found.warns("okta.dpop");
    found.warns("okta.rate_limit");
    assert!(found.check("okta.rate_limit")["details"].as_str().unwrap().contains("90 requests per minute"));
    clinic.post("/okta/rate-limit/off").await;
    assert_eq!(clinic.look("c.toml").check("okta.rate_limit")["status"], "passed");
}

#[test]
fn a_choice_of_what_does_not_exist_is_named() {
    let clinic = DoctorEnv::start();
    let settings = std::fs::read_to_string(clinic.path("c.toml")).unwrap();
    let look = |users: &str| {
        std::fs::write(
            clinic.path("chosen.toml"),
            format!("{settings}\n[connections.main.scope.users]\n{users}\n"),
        )
        .unwrap();
        clinic.look("chosen.toml")
    };
    for (users, seen) in [
        ("types = [\"Nobody\"]", "user type \"Nobody\""),
        ("profile = { departmnet = [\"*\"] }", "user attribute \"departmnet\""),
        ("member_of = [\"00gNO_LISTENER\"]", "group 00gNO_LISTENER"),
    ] {
        let found = look(users);
        found.names("okta.scope", &[]);
        let evidence = found.check("okta.scope")["details"].as_str().unwrap();
        assert!(evidence.contains(seen), "{evidence}");
        assert!(found.remedy("okta.scope").contains("scope"));
    }
    look("types = [\"user\"]\nprofile = { department = [\"*\"] }").is_well();
}
