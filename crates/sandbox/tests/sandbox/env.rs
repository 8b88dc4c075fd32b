//! A sandbox and the plainest client of it.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use http::HeaderMap;
use josekit::jwk::Jwk;
use josekit::jws::{JwsHeader, RS256};
use josekit::jwt::{self, JwtPayload};
use sandbox::{DpopMode, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use uuid::Uuid;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The address of the next page.
    pub(crate) fn next(&self) -> Option<String> {
        let links = self.headers.get_all("link").iter().filter_map(|l| l.to_str().ok());
        let next =
            links.filter(|l| l.ends_with("rel=\"next\"")).find_map(|l| l.strip_prefix('<')?.split_once('>'));
        next.map(|(url, _)| url.to_owned())
    }

    /// The codes of a refused mapping.
    pub(crate) fn codes(&self) -> Vec<String> {
        assert_eq!(self.status, 400, "{}", self.text);
        let errors = self.json()["dataValidationErrors"].as_array().cloned().unwrap_or_default();
        errors.iter().filter_map(|e| e["code"].as_str().map(str::to_owned)).collect()
    }
}

pub(crate) struct TestEnv {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    token: Mutex<String>,
}

/// A small org with tokens that need no proof.
pub(crate) fn options() -> SandboxOptions {
    SandboxOptions {
        users: 6,
        groups: 2,
        members_per_group: 3,
        dpop: DpopMode::Off,
        import_delay: Duration::ZERO,
        ..SandboxOptions::default()
    }
}

impl TestEnv {
    pub(crate) async fn new() -> Self {
        Self::with(options()).await
    }

    pub(crate) async fn with(options: SandboxOptions) -> Self {
        let sandbox = Sandbox::start(&options).await.unwrap();
        // One connection per request: a connection that is cut takes no other request with it.
        let http = reqwest::Client::builder()
            .pool_max_idle_per_host(0)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        let env = Self { sandbox, http, token: Mutex::default() };
        if options.dpop == DpopMode::Off && options.tls.is_none() && options.public_url_okta.is_none() {
            env.sign_in().await;
        }
        env
    }

    pub(crate) fn ready(&self, pointer: &str) -> String {
        self.sandbox.ready().pointer(pointer).and_then(Value::as_str).unwrap().to_owned()
    }

    /// Asks for a token with every scope.
    pub(crate) async fn sign_in(&self) {
        let answer = self.ask_for_token().await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut self.token.lock().unwrap());
    }

    pub(crate) async fn ask_for_token(&self) -> Answer {
        self.ask_with(&self.assertion(), None).await
    }

    /// Asks for a token with this assertion and perhaps a proof.
    pub(crate) async fn ask_with(&self, assertion: &str, proof: Option<&str>) -> Answer {
        let form = [
            ("grant_type", "client_credentials"),
            (
                "scope",
                "okta.users.read okta.groups.read okta.userTypes.read okta.schemas.read okta.logs.read \
                 okta.eventHooks.manage",
            ),
            ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
            ("client_assertion", assertion),
        ];
        let request = self.http.post(self.token_url()).form(&form);
        read(proof.into_iter().fold(request, |request, proof| request.header("dpop", proof))).await.unwrap()
    }

    pub(crate) fn token_url(&self) -> String {
        format!("{}/oauth2/v1/token", self.ready("/okta/org_url"))
    }

    /// What the client proves itself with, once.
    pub(crate) fn assertion(&self) -> String {
        let url = self.token_url();
        let client = self.ready("/okta/client_id");
        let mut claims = JwtPayload::new();
        claims.set_issuer(&client);
        claims.set_subject(&client);
        let soon = jiff::Timestamp::now().as_second() + 300;
        claims.set_claim("exp", Some(soon.into())).unwrap();
        claims.set_jwt_id(Uuid::new_v4().to_string());
        // A single audience is written as a text.
        claims.set_claim("aud", Some(url.into())).unwrap();
        let mut header = JwsHeader::new();
        header.set_key_id(self.ready("/okta/kid"));
        let key = self.sandbox.ready()["okta"]["private_key_jwk"].as_object().unwrap().clone();
        let signer = RS256.signer_from_jwk(&Jwk::from_map(key).unwrap()).unwrap();
        jwt::encode_with_signer(&claims, &header, &signer).unwrap()
    }

    /// Asks the org, by path or by address.
    pub(crate) async fn try_okta(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.ready("/okta/org_url"))
        };
        let token = self.token.lock().unwrap().clone();
        let request = self.http.request(method.parse().unwrap(), url).bearer_auth(token);
        read(if body.is_null() { request } else { request.json(body) }).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.try_okta("GET", path, &Value::Null).await.unwrap()
    }

    pub(crate) async fn okta(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_okta(method, path, body).await.unwrap()
    }

    /// Asks the control API, which must not refuse.
    pub(crate) async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let answer = self.try_control(method, path, body).await;
        assert_eq!(answer.status, 200, "{method} {path}: {}", answer.text);
        answer.json()
    }

    pub(crate) async fn try_control(&self, method: &str, path: &str, body: Value) -> Answer {
        let url = format!("{}{path}", self.sandbox.control_url());
        read(self.http.request(method.parse().unwrap(), url).json(&body)).await.unwrap()
    }

    pub(crate) async fn faults(&self, spec: &str) {
        self.control("PUT", "/faults", spec.into()).await;
    }

    /// The ids of the first users.
    pub(crate) async fn users(&self) -> Vec<String> {
        ids(&self.control("GET", "/okta/users", Value::Null).await["users"])
    }

    /// The ids of the groups that can be changed.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let groups = self.control("GET", "/okta/groups", Value::Null).await;
        let groups = groups["groups"].as_array().unwrap().iter().filter(|g| g["type"] == "OKTA_GROUP");
        groups.map(|g| g["id"].as_str().unwrap().to_owned()).collect()
    }

    /// The types of the events in the log, the oldest first.
    pub(crate) async fn logged(&self) -> Vec<String> {
        let page = self.get("/api/v1/logs?limit=1000").await.json();
        page.as_array().unwrap().iter().map(|e| e["eventType"].as_str().unwrap().to_owned()).collect()
    }

    /// Asks the import API with the import token.
    pub(crate) async fn try_import(&self, method: &str, path: &str, body: &Value) -> reqwest::Result<Answer> {
        let request = self.http.request(method.parse().unwrap(), self.source(path));
        let request = request.bearer_auth(self.ready("/insight/import_token"));
        read(if body.is_null() { request } else { request.json(body) }).await
    }

    pub(crate) async fn import(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.try_import(method, path, body).await.unwrap()
    }

    /// An address below the import source, or a whole one.
    pub(crate) fn source(&self, path: &str) -> String {
        if path.starts_with("http") {
            return path.to_owned();
        }
        self.workspace(&format!("/importsource/a1b2c3d4-source{path}"))
    }

    pub(crate) fn workspace(&self, path: &str) -> String {
        format!("{}/jsm/assets/workspace/7b9c1f6e-sandbox/v1{path}", self.ready("/insight/api_url"))
    }

    /// Asks the site with the account.
    pub(crate) async fn account(&self, method: &str, path: &str, body: &Value) -> Answer {
        let request = self.http.request(method.parse().unwrap(), self.workspace(path));
        let request =
            request.basic_auth(self.ready("/insight/email"), Some(self.ready("/insight/api_token")));
        read(if body.is_null() { request } else { request.json(body) }).await.unwrap()
    }

    /// Starts an execution. Gives the address below which it is.
    pub(crate) async fn begin(&self) -> String {
        let answer = self.import("POST", "/executions", &Value::Null).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["links"]["cancel"].as_str().unwrap().to_owned()
    }

    /// Sends records and waits for the end. Gives the status.
    pub(crate) async fn run(&self, data: Value) -> Value {
        let execution = self.begin().await;
        let sent = self
            .import("POST", &format!("{execution}/data"), &json!({"data": data, "completed": true}))
            .await;
        assert_eq!(sent.status, 200, "{}", sent.text);
        self.outcome(&execution).await
    }

    pub(crate) async fn status(&self, execution: &str) -> Value {
        self.import("GET", &format!("{execution}/status"), &Value::Null).await.json()
    }

    pub(crate) async fn outcome(&self, execution: &str) -> Value {
        eventually(async || {
            let status = self.status(execution).await;
            (status["status"] == "DONE").then_some(status)
        })
        .await
    }

    /// The objects of a type, as the control API shows them.
    pub(crate) async fn objects(&self, kind: &str) -> Vec<Value> {
        let found = self.control("GET", &format!("/insight/objects?type=/type/{kind}"), Value::Null).await;
        found["objects"].as_array().unwrap().clone()
    }

    /// Creates the structure of [`document`].
    pub(crate) async fn mapped(self) -> Self {
        let answer = self.import("PUT", "/mapping", &document()).await;
        assert_eq!(answer.status, 204, "{}", answer.text);
        self
    }
}

pub(crate) fn ids(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|o| o["id"].as_str().unwrap().to_owned()).collect()
}

pub(crate) async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Answer { status, headers, text: response.text().await? })
}

/// Asks again until there is an answer.
pub(crate) async fn eventually<T>(mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_mins(3);
    loop {
        if let Some(found) = ask().await {
            return found;
        }
        assert!(Instant::now() < deadline, "it never came");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) fn text(id: &str, name: &str) -> Value {
    attribute(id, name, "text")
}

pub(crate) fn attribute(id: &str, name: &str, kind: &str) -> Value {
    json!({ "externalId": format!("t/{id}"), "name": name, "description": "", "type": kind })
}

/// A field of a mapping: the locator is the end of the external id.
pub(crate) fn field(id: &str, name: &str) -> Value {
    let locator = id.rsplit('/').next().unwrap();
    json!({ "attributeExternalId": format!("t/{id}"), "attributeName": name, "attributeLocators": [locator] })
}

/// Groups with a name, users with values of every kind and many groups.
pub(crate) fn document() -> Value {
    let mut user_attributes = vec![text("user/id", "User ID"), text("user/login", "Login")];
    let mut user_fields = vec![field("user/id", "User ID"), field("user/login", "Login")];
    for (id, name, kind) in [
        ("user/title", "Title", "text"),
        ("user/age", "Age", "integer"),
        ("user/start", "Start", "date_time"),
        ("user/page", "Page", "url"),
        ("user/size", "Size", "select"),
        ("user/status", "State", "status"),
    ] {
        user_attributes.push(attribute(id, name, kind));
        user_fields.push(field(id, name));
    }
    user_attributes[0]["unique"] = true.into();
    user_attributes[1]["label"] = true.into();
    user_fields[0]["externalIdPart"] = true.into();
    let mut groups = attribute("user/groups", "Groups", "referenced_object");
    groups["referenceObjectTypeExternalId"] = "t/type/group".into();
    groups["maximumCardinality"] = (-1).into();
    user_attributes.push(groups);
    let mut in_groups = field("user/groups", "Groups");
    in_groups["objectMappingIQL"] = "\"Group ID\" IN (${groups${0}})".into();
    user_fields.push(in_groups);
    let mut group_id = field("group/id", "Group ID");
    group_id["externalIdPart"] = true.into();
    let mut group_name = text("group/name", "Group Name");
    group_name["label"] = true.into();
    json!({
        "schema": {
            "objectSchema": { "name": "Directory", "description": "", "objectTypes": [
                { "externalId": "t/type/group", "name": "Group", "description": "",
                  "attributes": [text("group/id", "Group ID"), group_name] },
                { "externalId": "t/type/user", "name": "User", "description": "", "attributes": user_attributes },
            ] },
            "statusSchema": { "statuses": [
                { "name": "Here", "description": "", "category": "active" },
                { "name": "Gone", "description": "", "category": "inactive" } ] },
        },
        "mapping": { "objectTypeMappings": [
            { "objectTypeExternalId": "t/type/group", "objectTypeName": "Group", "selector": "groups", "description": "",
              "attributesMapping": [group_id, field("group/name", "Group Name")] },
            { "objectTypeExternalId": "t/type/user", "objectTypeName": "User", "selector": "users", "description": "",
              "attributesMapping": user_fields },
        ] },
    })
}
