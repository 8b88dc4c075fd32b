//! A healthy connection and its checks.

use std::ops::Deref;

use sandbox::ControlClient;
use serde_json::{Value, json};

use crate::support;

/// Checks that require a sign-in at Okta.
pub(crate) const SIGNED_IN: [&str; 20] = [
    "okta.dpop",
    "okta.api_scope.users",
    "okta.api_scope.groups",
    "okta.api_scope.user_types",
    "okta.api_scope.schemas",
    "okta.api_scope.logs",
    "okta.api_scope.event_hooks_read",
    "okta.api_scope.event_hooks_manage",
    "okta.role",
    "okta.schemas",
    "okta.log",
    "event_hook.exists",
    "event_hook.active",
    "event_hook.verified",
    "event_hook.url",
    "event_hook.secret",
    "event_hook.event_types",
    "assets.mapping",
    "assets.objects",
    "assets.cardinality",
];

/// The event hook as Okta has it.
pub(crate) const AT_OKTA: [&str; 6] = [
    "event_hook.exists",
    "event_hook.active",
    "event_hook.verified",
    "event_hook.url",
    "event_hook.secret",
    "event_hook.event_types",
];

/// A sandbox that was set up, with a configuration that has an account, `c.toml`, and one that has none, `none.toml`.
pub(crate) struct DoctorEnv {
    world: support::TestEnv,
    control: ControlClient,
}

impl Deref for DoctorEnv {
    type Target = support::TestEnv;

    fn deref(&self) -> &support::TestEnv {
        &self.world
    }
}

/// The report of one run of the checks.
pub(crate) struct Found {
    pub(crate) code: i32,
    pub(crate) document: Value,
}

impl Found {
    fn checks(&self) -> impl Iterator<Item = &Value> {
        self.document["connections"][0]["checks"].as_array().unwrap().iter()
    }

    /// One check.
    pub(crate) fn check(&self, id: &str) -> &Value {
        self.checks().find(|check| check["id"] == id).unwrap()
    }

    pub(crate) fn remedy(&self, id: &str) -> &str {
        self.check(id)["remedy"].as_str().unwrap()
    }

    pub(crate) fn details(&self, id: &str) -> &str {
        self.check(id)["details"].as_str().unwrap()
    }

    /// The checks in a state.
    pub(crate) fn with(&self, state: &str) -> Vec<&str> {
        self.checks()
            .filter(|check| check["status"] == state)
            .map(|check| check["id"].as_str().unwrap())
            .collect()
    }

    /// The checks that were skipped because another one does not hold.
    fn dependent(&self) -> Vec<&str> {
        self.checks()
            .filter(|check| !check["depends_on"].is_null())
            .map(|check| check["id"].as_str().unwrap())
            .collect()
    }

    /// Names this problem and no other, with what cannot be looked at because of it, and says what to do.
    #[track_caller]
    pub(crate) fn names(&self, id: &str, skipped: &[&str]) {
        assert_eq!(self.with("failed"), [id], "{:#}", self.document);
        assert_eq!(self.code, 3);
        let (mut dependent, mut skipped) = (self.dependent(), skipped.to_vec());
        dependent.sort_unstable();
        skipped.sort_unstable();
        assert_eq!(dependent, skipped, "{id}");
        assert!(!self.remedy(id).is_empty() && !self.check(id)["details"].as_str().unwrap().is_empty());
    }

    /// Warns of this, and all is well otherwise.
    #[track_caller]
    pub(crate) fn warns(&self, id: &str) {
        self.is_well();
        assert_eq!(self.check(id)["status"], "warning", "{:#}", self.check(id));
        assert!(!self.remedy(id).is_empty());
    }

    /// No problem, and everything could be looked at.
    #[track_caller]
    pub(crate) fn is_well(&self) {
        assert_eq!(self.with("failed"), [""; 0], "{:#}", self.document);
        assert_eq!(self.dependent(), [""; 0], "{:#}", self.document);
        assert_eq!((self.code, &self.document["passed"]), (0, &json!(true)));
    }
}

impl DoctorEnv {
    pub(crate) fn start() -> Self {
        let env = Self::before_setup(&["--users", "12", "--groups", "3"]);
        assert!(env.run(&["setup", "--config", "none.toml"]).status.success());
        env
    }

    pub(crate) fn before_setup(arguments: &[&str]) -> Self {
        let world = support::TestEnv::start(arguments);
        let without = std::fs::read_to_string(world.path("c.toml")).unwrap();
        let control = world.control();
        let env = Self { world, control };
        env.write("none.toml", &without);
        let ready = env.ready();
        let account = format!(
            "[connections.main.assets]\nsite_url = {}\nemail = {}\napi_token = {}",
            ready["insight"]["site_url"], ready["insight"]["email"], ready["insight"]["api_token"]
        );
        env.write("c.toml", &without.replace("[connections.main.assets]", &account));
        env
    }

    pub(crate) fn ready(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.path("ready.json")).unwrap()).unwrap()
    }

    /// Writes a file that its owner alone may read, whatever new files are like here.
    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// A copy of `c.toml`, `bad.toml`, whose line for a key is another one.
    pub(crate) fn with(&self, key: &str, value: &str) -> &'static str {
        self.changed(&format!("{key} = "), &format!("{key} = {value}"));
        "bad.toml"
    }

    /// What the doctor finds.
    pub(crate) fn run_checks(&self, config: &str) -> Found {
        self.doctor(config, &[])
    }

    /// The same after putting right what can be.
    pub(crate) fn fix(&self, config: &str) -> Found {
        self.doctor(config, &["--fix"])
    }

    fn doctor(&self, config: &str, more: &[&str]) -> Found {
        let output = self.run(&[&["doctor", "--output", "json", "--config", config], more].concat());
        let document = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        Found { code: output.status.code().unwrap(), document }
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.control.call(method, path, &body).await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str) {
        self.call("POST", path, Value::Null).await;
    }

    pub(crate) async fn settings(&self, settings: Value) {
        self.call("PUT", "/insight/settings", settings).await;
    }

    /// The path of the event hook in the control API.
    pub(crate) async fn hook(&self) -> String {
        let hooks = self.control.get("/okta/hooks").await.unwrap();
        format!("/okta/hooks/{}", hooks[0]["id"].as_str().unwrap())
    }
}
