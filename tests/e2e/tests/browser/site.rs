//! A daemon with its console, and a sandbox to connect it to.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::{DaemonProcess, PATIENCE, TestEnv};

pub(crate) struct Site {
    pub(crate) world: TestEnv,
    daemon: Option<DaemonProcess>,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Site {
    /// A daemon that knows of no connection.
    pub(crate) fn empty(sandbox: &[&str]) -> Self {
        let world = TestEnv::start(sandbox);
        let all = std::fs::read_to_string(world.path("c.toml")).unwrap();
        let (server, _) = all.split_once("[connections.").unwrap();
        std::fs::write(world.path("empty.toml"), server).unwrap();
        Self::serving(world, "empty.toml")
    }

    /// A daemon whose connection is in the configuration file.
    pub(crate) fn with_connection(sandbox: &[&str]) -> Self {
        Self::serving(TestEnv::start(sandbox), "c.toml")
    }

    pub(crate) fn serving(world: TestEnv, config: &str) -> Self {
        let url = format!("http://{}", world.console());
        let daemon = world.daemon_by(config, &world.console());
        let token = first_token(&world);
        Self { world, daemon: Some(daemon), url, token }
    }

    /// The same where people of the org sign in as well: `boss@example.com` may do everything, and `stranger@example.com`
    /// nothing.
    pub(crate) async fn with_okta_sign_in() -> Self {
        let world = TestEnv::start(&["--users", "3", "--groups", "1"]);
        let control = world.control();
        let console = format!("http://{}", world.console());
        let mut people = Vec::new();
        for name in ["boss", "stranger"] {
            let login = format!("{name}@example.com");
            let user = json!({ "login": login, "email": login, "firstName": name, "lastName": "Example" });
            people.push(control.call("POST", "/okta/users", &user).await.unwrap()["id"].clone());
        }
        let group = control.call("POST", "/okta/groups", &json!({ "name": "Sync admins" })).await.unwrap();
        let member = format!("/okta/groups/{}/users/{}", text(&group["id"]), text(&people[0]));
        control.call("PUT", &member, &json!({})).await.unwrap();
        let redirect = format!("{console}/sign-in/okta/callback");
        let app =
            control.call("POST", "/okta/web-apps", &json!({ "redirect_uris": [redirect] })).await.unwrap();
        let ready: Value =
            serde_json::from_str(&std::fs::read_to_string(world.path("ready.json")).unwrap()).unwrap();
        let all = std::fs::read_to_string(world.path("c.toml")).unwrap();
        let openid = format!(
            "public_url = \"{console}\"\n\n[console.oidc]\norg_url = {}\nclient_id = {}\nclient_secret = {}\n\
             admin_groups = [\"Sync admins\"]\n\n[connections.",
            ready["okta"]["org_url"], app["client_id"], app["client_secret"]
        );
        std::fs::write(world.path("openid.toml"), all.replacen("[connections.", &openid, 1)).unwrap();
        Self::serving(world, "openid.toml")
    }

    /// Ends the daemon, however that comes.
    pub(crate) fn stop(&mut self) {
        self.daemon = None;
    }

    /// Starts the daemon again.
    pub(crate) fn start(&mut self, config: &str) {
        self.daemon = Some(self.world.daemon_by(config, &self.world.console()));
    }

    /// Saves another connection through the API, with the same org and import.
    pub(crate) async fn save_another(&self, name: &str) {
        let body = json!({
            "settings": {
                "okta": { "org_url": self.ready("/okta/org_url"), "client_id": self.ready("/okta/client_id") },
                "assets": { "api_url": self.ready("/insight/api_url") },
            },
            "secrets": {
                "private_key": self.ready("/okta/private_key_jwk"),
                "import_token": self.ready("/insight/import_token"),
            },
        });
        let request = reqwest::Client::new().put(self.address(&format!("/api/v1/connections/{name}")));
        let answer = request.bearer_auth(&self.token).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201, "{}", answer.text().await.unwrap());
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What the sandbox says of itself.
    pub(crate) fn ready(&self, pointer: &str) -> String {
        let ready = std::fs::read_to_string(self.world.path("ready.json")).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap();
        match ready.pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// A browser with an administrator in it, on the list of connections.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = Browser::open().await;
        self.sign_in(&browser, &self.token).await;
        browser.see("Sign out").await;
        browser
    }

    pub(crate) async fn sign_in(&self, browser: &Browser, token: &str) {
        browser.goto(&self.address("/sign-in")).await;
        browser.fill("Access token", token).await;
        browser.press("Sign in").await;
    }
}

/// The token that the daemon leaves in a file at its first start.
fn first_token(world: &TestEnv) -> String {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Ok(token) = std::fs::read_to_string(world.path("c.first-token")) {
            return token.trim().to_owned();
        }
        assert!(Instant::now() < deadline, "no token: {}", world.log());
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}
