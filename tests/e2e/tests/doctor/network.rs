//! The way to the org: proxies of the environment, a private authority, private addresses.

use std::process::{Command, Stdio};

use sandbox::{ForwardProxy, ProxyManner};
use serde_json::Value;

use crate::doctor_env::DoctorEnv;
use crate::support::{NO_LISTENER, TestEnv, binary};

/// A name that no name server knows.
const ORG: &str = "acme.okta.example";

/// The doctor's check of that ID, with the proxy's variable and whatever else the environment has. It blocks: the proxy needs
/// another thread.
fn check(world: &TestEnv, config: &str, id: &str, environment: &[(&str, &str)]) -> Value {
    let output = Command::new(binary("okta-insight"))
        .args(["doctor", "--output", "json", "--config", config])
        .env("NO_PROXY", "127.0.0.1")
        .envs(environment.iter().copied())
        .current_dir(world.folder())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let document: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    assert!(!document.to_string().contains("hunter2"), "{document}");
    let checks = document["connections"][0]["checks"].as_array().unwrap();
    checks.iter().find(|check| check["id"] == id).unwrap().clone()
}

fn text<'a>(check: &'a Value, key: &str) -> &'a str {
    check[key].as_str().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_refusal_names_the_proxy() {
    let env = DoctorEnv::start();
    let config = env.with("org_url", &format!("\"https://{ORG}\""));
    let sign_in = ForwardProxy::start(ProxyManner::Refuse(407)).await.unwrap();
    let forbids = ForwardProxy::start(ProxyManner::Refuse(403)).await.unwrap();
    let with_password = |url: String| url.replace("http://", "http://bob:hunter2@");
    for (proxy, evidence, remedy) in [
        (format!("http://bob:hunter2@{NO_LISTENER}"), "the proxy refuses the connection", "HTTPS_PROXY"),
        ("http://proxy.invalid:3128".into(), "the proxy's name does not resolve", "HTTPS_PROXY"),
        (with_password(sign_in.url()), "requires a username and password (status 407)", "HTTPS_PROXY"),
        (with_password(forbids.url()), "the proxy refuses to connect to the host", "NO_PROXY"),
    ] {
        let found = check(&env, config, "okta.reachable", &[("HTTPS_PROXY", &proxy)]);
        let told = text(&found, "details");
        assert_eq!(found["status"], "failed");
        assert!(told.contains(evidence) && told.contains(", from HTTPS_PROXY: "), "{told}");
        let advice = text(&found, "remedy");
        assert!(advice.contains(remedy), "{advice}");
        assert!(!advice.contains("org_url"), "{advice}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn proxy_authentication_is_reported_without_tunnel() {
    let env = DoctorEnv::start();
    let proxy = ForwardProxy::start(ProxyManner::Refuse(407)).await.unwrap();
    // Without NO_PROXY the sandbox is asked through the proxy, without a tunnel.
    let environment = [("HTTP_PROXY", proxy.url()), ("NO_PROXY", String::new())];
    let environment: Vec<(&str, &str)> =
        environment.iter().map(|(key, value)| (*key, value.as_str())).collect();
    for id in ["okta.reachable", "assets.reachable"] {
        let found = check(&env, "c.toml", id, &environment);
        let told = text(&found, "details");
        assert!(told.contains("from HTTP_PROXY: the proxy requires a username and password"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_ca_works_through_proxy() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed([ORG.to_owned()]).unwrap();
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let world = TestEnv::start(&["--tls-cert", certificate, "--tls-key", key]);
    let settings = std::fs::read_to_string(world.path("c.toml")).unwrap();
    let url = settings.lines().find_map(|line| line.strip_prefix("org_url = \"https://")).unwrap();
    let address = url.trim_end_matches('"').parse().unwrap();
    let proxy = ForwardProxy::start(ProxyManner::Tunnel(address)).await.unwrap();
    world.changed("org_url = ", &format!("org_url = \"https://{ORG}\""));
    let proxy_url = proxy.url();
    let environment = [("HTTPS_PROXY", proxy_url.as_str())];
    let found = check(&world, "bad.toml", "okta.reachable", &environment);
    assert!(text(&found, "details").contains("certificate isn't trusted"), "{found}");
    let trusting = [environment[0], ("SSL_CERT_FILE", certificate)];
    let found = check(&world, "bad.toml", "okta.reachable", &trusting);
    assert_eq!(found["status"], "passed", "{found}");
    let through = format!("through the proxy {}, from HTTPS_PROXY", proxy_url.trim_start_matches("http://"));
    assert!(text(&found, "details").ends_with(&through), "{found}");
}

#[test]
fn private_address_needs_the_setting() {
    let env = DoctorEnv::start();
    let config = env.with("org_url", "\"https://10.255.255.1\"");
    let found = check(&env, config, "okta.url", &[]);
    let told = text(&found, "details");
    assert!(told.contains("private address") && told.contains("allow_private_addresses = true"), "{told}");
}
