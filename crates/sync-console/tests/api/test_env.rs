//! A daemon with the sandbox, and a client that believes nothing.

use std::ops::Deref;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::SandboxOptions;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use crate::daemon::{Daemon, KEY};

/// How long something that is expected may take.
const PATIENCE: Duration = Duration::from_mins(3);

pub(crate) struct TestEnv {
    pub(crate) api: Api,
    daemon: Daemon,
}

impl Deref for TestEnv {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl TestEnv {
    /// Without a connection, and with a key that secrets are kept under.
    pub(crate) async fn start() -> Self {
        Self::with(KEY).await
    }

    pub(crate) async fn with(console: &str) -> Self {
        let options = SandboxOptions { users: 12, groups: 3, ..SandboxOptions::default() };
        let daemon = Daemon::start(&options, console).await;
        Self { api: Api::new(&daemon.url, daemon.token.clone()), daemon }
    }

    pub(crate) async fn end(self) {
        self.daemon.end().await;
    }

    /// What must never be told.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let ready = self.sandbox.ready();
        let token = ready["insight"]["import_token"].as_str().unwrap();
        let key = ready["okta"]["private_key_jwk"]["d"].as_str().unwrap();
        vec![token.to_owned(), key.to_owned()]
    }

    /// The connection `main`, saved.
    pub(crate) async fn saved(self) -> Self {
        self.api.put("/connections/main", &self.draft(), 201).await;
        self
    }
}

/// The API, each of whose answers is held against the document.
pub(crate) struct Api {
    pub(crate) base: String,
    pub(crate) http: reqwest::Client,
    token: SecretString,
    document: Value,
    told: Mutex<Vec<String>>,
}

impl Api {
    fn new(url: &str, token: SecretString) -> Self {
        Self {
            base: url.to_owned(),
            http: reqwest::Client::new(),
            token,
            document: strict(sync_console::openapi()),
            told: Mutex::default(),
        }
    }

    /// The same for the holder of another token.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self::new(&self.base, token.to_owned().into())
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}/api/v1{path}", self.base)).timeout(PATIENCE);
        request.bearer_auth(self.token.expose_secret())
    }

    pub(crate) async fn get(&self, path: &str, status: u16) -> Value {
        self.send(self.request(Method::GET, path), status).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value, status: u16) -> Value {
        self.send(self.request(Method::POST, path).json(body), status).await
    }

    /// The same without a body.
    pub(crate) async fn post_empty(&self, path: &str, status: u16) -> Value {
        self.send(self.request(Method::POST, path), status).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value, status: u16) -> Value {
        self.send(self.request(Method::PUT, path).json(body), status).await
    }

    pub(crate) async fn delete(&self, path: &str, status: u16) -> Value {
        self.send(self.request(Method::DELETE, path), status).await
    }

    /// Sends, wants that status, and holds the answer against the document.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder, status: u16) -> Value {
        let (told, answer) = self.answer(request).await;
        assert_eq!(told, status, "{answer}");
        answer
    }

    /// The status and the answer, held against the document.
    pub(crate) async fn answer(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let request = request.build().unwrap();
        let (method, path) = (request.method().as_str().to_lowercase(), request.url().path().to_owned());
        let response = self.http.execute(request).await.unwrap();
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").map(|kind| kind.to_str().unwrap().to_owned());
        let text = response.text().await.unwrap();
        self.told.lock().unwrap().push(text.clone());
        let answer: Value = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        self.hold(&method, &path, status, kind.as_deref(), &answer);
        (status, answer)
    }

    fn hold(&self, method: &str, path: &str, status: u16, kind: Option<&str>, answer: &Value) {
        let problem = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
        let operation = self.operation(method, path);
        let content = match operation {
            // No path of ours, or no method of it.
            None => {
                assert!(matches!(status, 404 | 405), "{method} {path} is not documented: {status}");
                json!({ "application/problem+json": problem })
            }
            Some(operation) => {
                let response = operation["responses"].get(status.to_string());
                let response = response
                    .unwrap_or_else(|| panic!("{method} {path}: {status} is not documented: {answer}"));
                response["content"].clone()
            }
        };
        let Some(kind) = kind else {
            assert!(content.is_null() && answer.is_null(), "{method} {path} {status}: {answer}");
            return;
        };
        let schema = &content[kind]["schema"];
        assert!(!schema.is_null(), "{method} {path} {status}: {kind} is not documented");
        let mut schema = schema.clone();
        schema["components"] = self.document["components"].clone();
        let validator =
            jsonschema::options().with_draft(jsonschema::Draft::Draft202012).build(&schema).unwrap();
        let wrong: Vec<String> =
            validator.iter_errors(answer).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(wrong.is_empty(), "{method} {path} {status}: {wrong:#?}\n{answer:#}");
        if status >= 400 {
            assert_eq!((kind, &answer["status"]), ("application/problem+json", &json!(status)));
            assert!(answer["hint"].is_string() || status == 500, "no hint: {answer}");
        }
    }

    /// The operation that a path belongs to.
    pub(crate) fn operation(&self, method: &str, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == parts.len()
                && template.iter().zip(&parts).all(|(t, p)| t.starts_with('{') && !p.is_empty() || t == p)
        };
        let paths = self.document["paths"].as_object().unwrap();
        paths.iter().find(|(template, _)| fits(template)).and_then(|(_, item)| item.get(method))
    }

    /// Every answer so far.
    pub(crate) fn received(&self) -> String {
        self.told.lock().unwrap().join("\n")
    }

    /// Waits until a job has come to its end, and gives its result.
    pub(crate) async fn done(&self, path: &str) -> Value {
        let state = self.wait_until(path, |state| state["state"] != "running").await;
        assert_eq!(state["state"], "succeeded", "{path}: {state}");
        state["result"].clone()
    }

    /// Asks until the answer is as it should be.
    pub(crate) async fn wait_until(&self, path: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path, 200).await;
            if fits(&answer) {
                return answer;
            }
            assert!(Instant::now() < deadline, "not in time: {path}: {answer}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The document in which no answer may hold more than is documented. What is a part of another schema stays open: the
/// other has properties of its own.
fn strict(mut document: Value) -> Value {
    let mut parts = Vec::new();
    collect_parts(&document, &mut parts);
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in schemas {
        if schema.get("allOf").is_some() {
            schema["unevaluatedProperties"] = json!(false);
        } else if schema.get("properties").is_some() && !parts.contains(name) {
            schema["additionalProperties"] = json!(false);
        }
    }
    document
}

fn collect_parts(value: &Value, parts: &mut Vec<String>) {
    match value {
        Value::Object(object) => {
            for part in object.get("allOf").and_then(Value::as_array).into_iter().flatten() {
                if let Some(target) = part["$ref"].as_str() {
                    parts.push(target.rsplit('/').next().unwrap().to_owned());
                }
            }
            object.values().for_each(|value| collect_parts(value, parts));
        }
        Value::Array(items) => items.iter().for_each(|value| collect_parts(value, parts)),
        _ => {}
    }
}
