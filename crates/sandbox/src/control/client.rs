//! A client of the control API.

use serde_json::Value;

/// Talks to the control API of a sandbox.
#[derive(Debug, Clone)]
pub struct ControlClient {
    http: reqwest::Client,
    url: String,
}

impl ControlClient {
    /// A client of the control API at this address, from the ready document.
    pub fn new(control_url: impl Into<String>) -> Self {
        Self { http: reqwest::Client::new(), url: control_url.into() }
    }

    /// Reads a path below `/control`.
    ///
    /// # Errors
    /// When there is no valid response.
    pub async fn get(&self, path: &str) -> Result<Value, reqwest::Error> {
        self.http.get(format!("{}{path}", self.url)).send().await?.error_for_status()?.json().await
    }

    /// Changes something: `POST`, `PUT`, or `DELETE` with a body.
    ///
    /// # Errors
    /// When there is no response, or a rejection.
    pub async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap_or(reqwest::Method::POST);
        let request = self.http.request(method, format!("{}{path}", self.url)).json(body);
        request.send().await?.error_for_status()?.json().await
    }
}
