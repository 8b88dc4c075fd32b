//! A simulated org, and what the tests look at.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use okta_client::{OktaClient, OktaClientBuilder, PrivateKey};
use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

/// What takes longer hangs.
const LONG: Duration = Duration::from_mins(3);

pub(crate) const TOKEN: &str = "/oauth2/v1/token";

pub(crate) fn builder(server: &MockServer) -> OktaClientBuilder {
    let key = PrivateKey::generate_ec().unwrap();
    OktaClient::builder(server.uri()).service_app("0oaclient", key)
}

pub(crate) fn client(server: &MockServer) -> OktaClient {
    builder(server).build().unwrap()
}

/// A server that gives out DPoP tokens with all the scopes that are asked for, a new token each time, after asking for
/// a nonce once.
pub(crate) async fn server() -> MockServer {
    granting(str::to_owned).await
}

/// The same, with other scopes than asked for.
pub(crate) async fn granting(scopes: impl Fn(&str) -> String + Send + Sync + 'static) -> MockServer {
    let server = MockServer::start().await;
    tokens(&server, scopes).await;
    server
}

/// Has a server give out tokens with these scopes.
pub(crate) async fn tokens(server: &MockServer, scopes: impl Fn(&str) -> String + Send + Sync + 'static) {
    let count = AtomicUsize::new(0);
    Mock::given(method("POST"))
        .and(path(TOKEN))
        .respond_with(move |request: &Request| {
            let proof = claims(header(request, "dpop"));
            if proof["nonce"] != "n1" {
                let body = json!({"error": "use_dpop_nonce", "error_description": "nonce wanted"});
                return ResponseTemplate::new(400).insert_header("dpop-nonce", "n1").set_body_json(body);
            }
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            ResponseTemplate::new(200).insert_header("dpop-nonce", "n1").set_body_json(json!({
                "token_type": "DPoP", "expires_in": 3600, "access_token": format!("token-{n}"),
                "scope": scopes(&form(request)["scope"]) }))
        })
        .mount(server)
        .await;
}

/// Runs with a clock that goes fifty times as fast as the answers come, so that waits cost next to nothing.
pub(crate) async fn hurried<F: Future>(task: F) -> F::Output {
    tokio::time::pause();
    let ticks = async {
        loop {
            std::thread::sleep(Duration::from_millis(1));
            tokio::time::advance(Duration::from_millis(50)).await;
        }
    };
    let output = tokio::select! {
        output = task => output,
        () = ticks => unreachable!("it ticks without end"),
    };
    tokio::time::resume();
    output
}

pub(crate) fn form(request: &Request) -> std::collections::HashMap<String, String> {
    url::form_urlencoded::parse(&request.body).into_owned().collect()
}

pub(crate) fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
}

/// The header (0) or the claims (1) of a JWT.
pub(crate) fn part(jwt: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

pub(crate) fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

pub(crate) fn ok(body: impl serde::Serialize) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(body)
}

pub(crate) fn user(n: usize) -> Value {
    json!({"id": format!("00u{n}"), "status": "ACTIVE", "profile": {"login": format!("u{n}@example.com")}})
}

pub(crate) async fn answer(server: &MockServer, at: &str, response: ResponseTemplate) {
    Mock::given(path(at)).respond_with(response).mount(server).await;
}

/// Answers once, before what is mounted later.
pub(crate) async fn answer_once(server: &MockServer, at: &str, response: ResponseTemplate) {
    Mock::given(path(at)).respond_with(response).up_to_n_times(1).mount(server).await;
}

pub(crate) async fn sent(server: &MockServer, at: &str) -> Vec<Request> {
    server.received_requests().await.unwrap().into_iter().filter(|r| r.url.path() == at).collect()
}

/// The parameters of a request's query.
pub(crate) fn query(request: &Request) -> Vec<(String, String)> {
    request.url.query_pairs().into_owned().collect()
}

/// Waits until a server has received so many requests.
pub(crate) async fn received(server: &MockServer, at: &str, count: usize) {
    let arriving = async {
        while sent(server, at).await.len() < count {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(LONG, arriving).await.unwrap();
}

/// Sets the clock forward.
pub(crate) async fn skip(time: Duration) {
    tokio::time::pause();
    tokio::time::advance(time).await;
    tokio::time::resume();
}
