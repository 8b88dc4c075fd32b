//! A connection that was set up, and its pages as an operator reads them.

use std::ops::Deref;
use std::time::{Duration, Instant};

use reqwest::Method;
use sandbox::{SandboxOptions, audit};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::daemon::{Daemon, KEY};

/// What takes longer hangs.
const LIMIT: Duration = Duration::from_mins(3);
/// Looks at a page between two changes.
const CHANGE_EACH: u32 = 50;

pub(crate) struct TestEnv {
    daemon: Daemon,
    http: reqwest::Client,
}

impl Deref for TestEnv {
    type Target = Daemon;

    fn deref(&self) -> &Daemon {
        &self.daemon
    }
}

impl TestEnv {
    /// The connection `main` is saved, set up, verified and synchronized, with the buttons.
    pub(crate) async fn start() -> Self {
        Self::with(&Value::Null).await
    }

    /// The same with more settings.
    pub(crate) async fn with(more: &Value) -> Self {
        let world = Self::before_save().await;
        let draft = world.settings(more);
        world.set_up(&draft).await
    }

    /// The same with an account.
    pub(crate) async fn with_account() -> Self {
        let world = Self::before_save().await;
        let draft = world.settings_with_account();
        world.set_up(&draft).await
    }

    async fn set_up(self, draft: &Value) -> Self {
        let world = self;
        world.save(draft).await;
        world.press("setup").await;
        world.page_with("/setup", &["Event hook to"], true).await;
        world.press("verify").await;
        world.page_with("/setup", &["Reads all users, groups, and memberships"], true).await;
        world.press("synchronize").await;
        world.page_with("/setup", &["Setup is complete"], true).await;
        world
    }

    pub(crate) async fn before_save() -> Self {
        let options = SandboxOptions {
            users: 12,
            groups: 3,
            import_delay: Duration::from_millis(5),
            ..SandboxOptions::default()
        };
        let daemon = Daemon::start(&options, KEY).await;
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { daemon, http }
    }

    pub(crate) async fn end(self) {
        self.daemon.end().await;
    }

    /// What is looked at by itself is looked at often, and nothing is planned that nobody asks for.
    pub(crate) fn settings(&self, more: &Value) -> Value {
        let mut draft = self.draft();
        let settings = &mut draft["settings"];
        settings["schedule"] = json!({ "system_log_poll": "1s", "schema_check": "1s", "full_sync": "never", "incremental_sync": "never" });
        for (key, value) in more.as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        draft
    }

    /// The same with the account of somebody who may change what an import token may not.
    pub(crate) fn settings_with_account(&self) -> Value {
        let mut draft = self.settings(&Value::Null);
        let ready = &self.sandbox.ready()["insight"];
        let assets = &mut draft["settings"]["assets"];
        for key in ["site_url", "email"] {
            assets[key] = ready[key].clone();
        }
        draft["secrets"]["api_token"] = ready["api_token"].clone();
        draft
    }

    pub(crate) async fn save(&self, draft: &Value) {
        let (status, text) = self.put(draft).await;
        assert_eq!(status, 201, "{text}");
    }

    /// Saves a draft by the API, and gives what became of it.
    pub(crate) async fn put(&self, draft: &Value) -> (u16, String) {
        let request = self.request(Method::PUT, "/api/v1/connections/main").json(draft);
        let answer = request.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url)).timeout(LIMIT);
        request.bearer_auth(self.token.expose_secret())
    }

    /// Presses a button of the connection.
    pub(crate) async fn press(&self, button: &str) {
        self.send(button, &[]).await;
    }

    pub(crate) async fn send(&self, button: &str, fields: &[(&str, &str)]) {
        let path = format!("/connections/main/{button}");
        let answer = self.request(Method::POST, &path).form(fields).send().await.unwrap();
        let status = answer.status().as_u16();
        assert!((300..400).contains(&status), "{button}: {status}: {}", read(&answer.text().await.unwrap()));
    }

    /// Accepts the plan that is shown.
    pub(crate) async fn accept(&self) {
        let answer = self.request(Method::GET, "/connections/main/plan").send().await.unwrap();
        let html = answer.text().await.unwrap();
        let (_, rest) = html.split_once("name=\"plan\" value=\"").unwrap();
        let (plan, _) = rest.split_once('"').unwrap();
        self.send("plan/synchronize", &[("plan", plan), ("accept", "yes")]).await;
    }

    /// A page of the connection as it is read: without its tags.
    pub(crate) async fn page(&self, page: &str) -> String {
        self.read_page(&format!("/connections/main{page}")).await
    }

    pub(crate) async fn read_page(&self, path: &str) -> String {
        let answer = self.request(Method::GET, path).send().await.unwrap();
        let (status, html) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{path}: {html}");
        let text = read(&html);
        for command in text.split("`okta-insight ").skip(1) {
            let stays = ["master-key", "tokens", "keygen", "prune", "export", "setup --manual-event-hook"];
            assert!(
                stays.iter().any(|s| command.starts_with(s)),
                "{path} sends people to a terminal: {text}"
            );
        }
        text
    }

    /// A page once it says all of this, or any of it.
    pub(crate) async fn page_with(&self, page: &str, says: &[&str], any: bool) -> String {
        let says = |text: &str| {
            let mut said = says.iter().map(|say| text.contains(say));
            if any { said.any(|said| said) } else { said.all(|said| said) }
        };
        self.page_when(page, says).await
    }

    pub(crate) async fn page_when(&self, page: &str, fits: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + LIMIT;
        loop {
            let text = self.page(page).await;
            if fits(&text) {
                return text;
            }
            assert!(Instant::now() < deadline, "not in time: {page}: {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until the overview has no notice at all, and the verdict is a good one.
    pub(crate) async fn is_well(&self) {
        let deadline = Instant::now() + LIMIT;
        for look in 1_u32.. {
            let answer = self.request(Method::GET, "/connections/main").send().await.unwrap();
            let html = answer.text().await.unwrap();
            let alarms = ["notice-problem", "notice-warning", "badge-problem", "badge-warning"];
            if html.contains("In sync") && !alarms.iter().any(|alarm| html.contains(alarm)) {
                return;
            }
            assert!(Instant::now() < deadline, "not well again: {}", read(&html));
            // On a busy machine Okta may have given a delivery up; the next one ends that, and it takes a change.
            if look.is_multiple_of(CHANGE_EACH) && html.contains("failed delivery") {
                self.moves(&self.users().await[0], &format!("look {look}")).await;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until something is so.
    pub(crate) async fn wait_for(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + LIMIT;
        while !is_so().await {
            assert!(Instant::now() < deadline, "never: {what}: {}", self.page("").await);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Waits until Assets has what Okta has.
    pub(crate) async fn is_equal(&self) {
        let deadline = Instant::now() + LIMIT;
        loop {
            let audit = audit::compare(&self.control()).await.unwrap();
            if audit.in_sync {
                return;
            }
            assert!(Instant::now() < deadline, "{:?}", audit.differences);
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.control().call(method, path, body).await;
        answer.unwrap_or_else(|error| panic!("{method} {path}: {error}"))
    }

    /// The ids of users of the org.
    pub(crate) async fn users(&self) -> Vec<String> {
        let users = self.control().get("/okta/users").await.unwrap();
        ids(&users["users"], |user| user["status"] == "ACTIVE")
    }

    /// The ids of groups of the org that are no built-in ones.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let groups = self.control().get("/okta/groups").await.unwrap();
        ids(&groups["groups"], |group| group["type"] == "OKTA_GROUP")
    }

    /// The hook's path in the control API.
    pub(crate) async fn hook_path(&self) -> String {
        let hooks = self.control().get("/okta/hooks").await.unwrap();
        format!("/okta/hooks/{}", hooks[0]["id"].as_str().unwrap())
    }

    /// The objects of a type in Assets, with their values by attribute.
    pub(crate) async fn objects(&self, kind: &str) -> Vec<Value> {
        let found = self.control().get(&format!("/insight/objects?type=/type/{kind}")).await.unwrap();
        found["objects"].as_array().unwrap().clone()
    }

    /// A user's city becomes this.
    pub(crate) async fn moves(&self, user: &str, city: &str) {
        self.call("POST", &format!("/okta/users/{user}"), &json!({ "city": city })).await;
    }

    /// Waits until Assets has that city of a user.
    pub(crate) async fn arrives(&self, user: &str, city: &str) {
        let deadline = Instant::now() + LIMIT;
        let path = format!("/insight/objects?type=/type/user&identity={user}");
        loop {
            let found = self.control().get(&path).await.unwrap();
            if found["objects"].to_string().contains(&format!("\"{city}\"")) {
                return;
            }
            let late = Instant::now() >= deadline;
            assert!(!late, "{city} never arrived: {found} {}", self.page("").await);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

fn ids(objects: &Value, fits: impl Fn(&Value) -> bool) -> Vec<String> {
    let fitting = objects.as_array().unwrap().iter().filter(|object| fits(object));
    fitting.map(|object| object["id"].as_str().unwrap().to_owned()).collect()
}

/// The text of a page: no tags, no entities.
fn read(html: &str) -> String {
    let body = html.split_once("<main").map_or(html, |(_, main)| main);
    let mut text = String::new();
    let mut parts = body.split('<');
    text.push_str(parts.next().unwrap_or(""));
    for part in parts {
        text.push_str(part.split_once('>').map_or("", |(_, text)| text));
    }
    let text = text.replace("&quot;", "\"").replace("&#39;", "'").replace("&lt;", "<").replace("&gt;", ">");
    text.replace("&amp;", "&")
}
