//! What Okta is answered, and that it is answered only after the events are stored.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use sandbox::{Sandbox, SandboxOptions};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use sync_config::Config;
use sync_daemon::{Connection, HookReceiver};
use sync_store::Store;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

struct TestEnv {
    url: String,
    secret: String,
    connection: Connection,
    store: Store,
    http: reqwest::Client,
    _sandbox: Sandbox,
    _folder: tempfile::TempDir,
}

async fn test_env() -> TestEnv {
    let options = SandboxOptions { users: 1, groups: 1, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(&options).await.unwrap();
    let ready = sandbox.ready();
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "[connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n[connections.main.assets]\napi_url = {}\n\
         import_token = {}\n[connections.main.event_hook]\npublic_url = \"http://127.0.0.1:1\"\n",
        ready["okta"]["org_url"],
        ready["okta"]["client_id"],
        Value::from(ready["okta"]["private_key_jwk"].to_string()),
        ready["insight"]["api_url"],
        ready["insight"]["import_token"],
    );
    let config = Config::from_toml(&text, "c.toml", folder.path(), []).unwrap();
    let store = Store::open(&config.store).await.unwrap();
    let settings = config.connections.values().next().unwrap();
    let connection = Connection::open(settings, &store).await.unwrap();
    let receiver = HookReceiver::bind("127.0.0.1:0".parse().unwrap(), [&connection]).await.unwrap();
    let url = format!("http://{}/hooks/okta/main", receiver.address());
    tokio::spawn(receiver.serve(CancellationToken::new()));
    let secret = settings.event_hook.as_ref().unwrap().secret.expose_secret().to_owned();
    TestEnv {
        url,
        secret,
        connection,
        store,
        http: reqwest::Client::new(),
        _sandbox: sandbox,
        _folder: folder,
    }
}

impl TestEnv {
    async fn post(&self, url: &str, secret: Option<&str>, body: String) -> u16 {
        let request = self.http.post(url).body(body);
        let request = secret.into_iter().fold(request, |r, s| r.header("authorization", s));
        request.send().await.unwrap().status().as_u16()
    }

    async fn pending(&self) -> u64 {
        self.connection.status(1).await.unwrap().event_queue.unfinished()
    }
}

fn delivery(id: &str) -> String {
    json!({"eventId": "d1", "data": {"events": [{"uuid": id, "published": "2026-03-01T12:30:02.345Z",
        "eventType": "user.account.update_profile", "target": [{"id": "00u1", "type": "User"}]}]}})
    .to_string()
}

#[tokio::test]
async fn challenge_requires_the_secret() {
    let world = test_env().await;
    let ask = || world.http.get(&world.url).header("x-okta-verification-challenge", "c1");
    let answer: Value =
        ask().header("authorization", &world.secret).send().await.unwrap().json().await.unwrap();
    assert_eq!(answer, json!({"verification": "c1"}));
    assert_eq!(ask().header("authorization", "wrong").send().await.unwrap().status(), 401);
    assert_eq!(world.http.get(&world.url).send().await.unwrap().status(), 400);
}

#[tokio::test]
async fn repeated_delivery_is_stored_once() {
    let world = test_env().await;
    for _ in 0..2 {
        assert_eq!(world.post(&world.url, Some(&world.secret), delivery("e1")).await, 200);
        assert_eq!(world.pending().await, 1);
    }
}

#[tokio::test]
async fn wrong_secret_is_rejected() {
    let world = test_env().await;
    let elsewhere = world.url.replace("/main", "/other");
    assert_eq!(world.post(&world.url, None, delivery("e1")).await, 401);
    assert_eq!(world.post(&world.url, Some("wrong"), delivery("e1")).await, 401);
    assert_eq!(world.post(&elsewhere, Some(&world.secret), delivery("e1")).await, 404);
    assert_eq!(world.post(&world.url, Some(&world.secret), "not JSON".into()).await, 400);
    assert_eq!(world.post(&world.url, Some(&world.secret), "x".repeat(5 << 20)).await, 413);
    assert_eq!(world.pending().await, 0);
}

#[tokio::test]
async fn unstored_delivery_returns_server_error() {
    let world = test_env().await;
    world.store.clone().close().await;
    // Okta tries once more after an answer like this; the log brings it otherwise.
    assert_eq!(world.post(&world.url, Some(&world.secret), delivery("e1")).await, 503);
}

#[tokio::test]
async fn stranger_is_refused_before_the_body() {
    let world = test_env().await;
    let address = world.url.strip_prefix("http://").unwrap().split('/').next().unwrap();
    let mut stranger = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /hooks/okta/main HTTP/1.1\r\nhost: {address}\r\nauthorization: wrong\r\ncontent-length: 4000000\r\n\r\n"
    );
    stranger.write_all(head.as_bytes()).await.unwrap();
    // Nothing of the body is sent, and the connection ends.
    let mut answer = String::new();
    stranger.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}
