//! A simulated site, and what the tests look at.

use std::future::Future;
use std::time::Duration;

use insight_import_client::ImportClient;
use insight_import_client::document::SchemaAndMapping;
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const SOURCE: &str = "/jsm/assets/workspace/w/v1/importsource/i";
pub(crate) const EXECUTION: &str = "/jsm/assets/workspace/w/v1/importsource/i/executions/e1";

pub(crate) fn client(server: &MockServer) -> ImportClient {
    ImportClient::builder("ATCTT3xtoken".into()).api_url(server.uri()).build().unwrap()
}

pub(crate) async fn answer(server: &MockServer, verb: &str, at: &str, status: u16, body: Value) {
    let response = ResponseTemplate::new(status).set_body_json(body);
    Mock::given(method(verb)).and(path(at)).respond_with(response).mount(server).await;
}

pub(crate) async fn once(server: &MockServer, verb: &str, at: &str, response: ResponseTemplate) {
    Mock::given(method(verb)).and(path(at)).respond_with(response).up_to_n_times(1).mount(server).await;
}

pub(crate) async fn sent(server: &MockServer, at: &str) -> Vec<Request> {
    server.received_requests().await.unwrap().into_iter().filter(|r| r.url.path() == at).collect()
}

pub(crate) fn links(server: &MockServer) -> Value {
    let link = |end: &str| format!("{}{SOURCE}/{end}", server.uri());
    json!({"links": {"getStatus": link("configstatus"), "start": link("executions"), "mapping": link("mapping")}})
}

pub(crate) async fn server() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/jsm/assets/v1/imports/info"))
        .and(header("authorization", "Bearer ATCTT3xtoken"))
        .respond_with(ResponseTemplate::new(200).set_body_json(links(&server)))
        .mount(&server)
        .await;
    server
}

/// A server on which an execution can be started.
pub(crate) async fn with_execution() -> MockServer {
    let server = server().await;
    let link = |end: &str| format!("{}{EXECUTION}{end}", server.uri());
    let started = json!({"result": "success", "links": {"submitProgress": link("/progress"),
        "submitResults": link("/data"), "getExecutionStatus": link("/status"), "cancel": link("")}});
    answer(&server, "POST", &format!("{SOURCE}/executions"), 200, started).await;
    server
}

pub(crate) fn document() -> SchemaAndMapping {
    serde_json::from_value(json!({"mapping": {"objectTypeMappings": []}, "schema": {"objectSchema": {
        "name": "n", "description": "d", "objectTypes": [
            {"externalId": "p/type/a", "name": "A", "description": "", "attributes": [], "iconKey": "kept"}]}}}))
    .unwrap()
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
