//! A sandbox, and connections to it with and without an account.

use std::sync::Mutex;
use std::time::Duration;

use insight_import_client::AssetsClient;
use sandbox::{ControlClient, Sandbox, SandboxOptions, audit};
use serde_json::{Value, json};
use sync_config::Config;
use sync_daemon::Connection;
use sync_engine::{
    Alert, AlertSink, ChangeKind, Clock, ConfirmedRecords, EngineOptions, Executions, NoopProgress, Ports,
    PruneOptions, RunKind, RunReport, RunState, Runs, Safeguards, SchemaReport, StagedChange, StagedChanges,
    SystemClock, TimeState,
};
use sync_model::{ConnectionName, ExecutionId, ObjectKind, RecordKey, UserId};
use sync_store::Store;
use tokio_util::sync::CancellationToken;

pub(crate) struct TestEnv {
    sandbox: Sandbox,
    pub(crate) control: ControlClient,
    store: Store,
    pub(crate) folder: tempfile::TempDir,
}

/// Whether the connection has an account.
#[derive(Clone, Copy)]
pub(crate) enum Account {
    With,
    Without,
    /// With one that Atlassian refuses.
    Wrong,
}

pub(crate) async fn test_env() -> TestEnv {
    test_env_of(12, 3).await
}

pub(crate) async fn test_env_of(users: usize, groups: usize) -> TestEnv {
    let options = SandboxOptions { users, groups, import_delay: Duration::ZERO, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(&options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    TestEnv { control: ControlClient::new(sandbox.control_url()), sandbox, store, folder }
}

impl TestEnv {
    /// A connection as another process would have it: what it remembers is in the store.
    pub(crate) async fn open(&self, account: Account) -> Connection {
        self.open_with(account, |_, _| {}).await
    }

    pub(crate) async fn open_with(
        &self,
        account: Account,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Connection {
        let config = self.config(account, "");
        Connection::open_with(config.connections.values().next().unwrap(), &self.store, adjust).await.unwrap()
    }

    /// With what else a configuration may hold.
    pub(crate) async fn open_more(&self, account: Account, more: &str) -> Connection {
        let config = self.config(account, more);
        Connection::open(config.connections.values().next().unwrap(), &self.store).await.unwrap()
    }

    /// The account's own way to Assets.
    pub(crate) fn assets(&self) -> AssetsClient {
        let ready = self.sandbox.ready();
        let text = |name: &str| ready["insight"][name].as_str().unwrap().to_owned();
        let client =
            AssetsClient::builder(text("site_url")).api_token(text("email"), text("api_token").into());
        client.api_url(text("api_url")).build().unwrap()
    }

    fn config(&self, account: Account, more: &str) -> Config {
        let ready = self.sandbox.ready();
        let account = match account {
            Account::With => format!(
                "site_url = {}\nemail = {}\napi_token = {}\n",
                ready["insight"]["site_url"], ready["insight"]["email"], ready["insight"]["api_token"],
            ),
            Account::Without => String::new(),
            Account::Wrong => format!(
                "site_url = {}\nemail = {}\napi_token = \"ATATT3xwrong\"\n",
                ready["insight"]["site_url"], ready["insight"]["email"],
            ),
        };
        let text = format!(
            "[connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n{account}{more}",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            ready["insight"]["api_url"],
            ready["insight"]["import_token"],
        );
        Config::from_toml(&text, "c.toml", self.folder.path(), []).unwrap()
    }

    /// Set up and synchronised.
    pub(crate) async fn synced(&self, account: Account) -> Connection {
        let connection = self.open(account).await;
        set_up(&connection).await;
        let report = sync(&connection).await;
        assert_eq!(report.state, RunState::Succeeded, "{report:?}");
        connection
    }

    pub(crate) async fn settings(&self, settings: Value) {
        self.control.call("PUT", "/insight/settings", &settings).await.unwrap();
    }

    pub(crate) async fn object(&self, kind: &str, id: &str) -> Option<Value> {
        let path = format!("/insight/objects?type=/type/{kind}&identity={id}");
        self.control.get(&path).await.unwrap()["objects"].get(0).cloned()
    }

    /// The values of a user for an attribute, and what it refers to, by the end of the external id.
    pub(crate) async fn values(&self, user: &str, end: &str) -> usize {
        let object = self.object("user", user).await.unwrap();
        let of = |part: &str| {
            let part = object[part].as_object().unwrap();
            let found = part.iter().find(|(id, _)| id.ends_with(end));
            found.map_or(0, |(_, values)| values.as_array().map_or(0, Vec::len))
        };
        of("attributes") + of("references")
    }

    /// An active user with a manager and with groups of its own, given a city.
    pub(crate) async fn resident(&self) -> String {
        let users = self.control.get("/okta/users").await.unwrap();
        let id = |n: usize| users["users"][n]["id"].as_str().unwrap().to_owned();
        let (user, manager) = (id(3), id(4));
        let values = json!({ "city": "Paris", "managerId": manager });
        self.control.call("POST", &format!("/okta/users/{user}"), &values).await.unwrap();
        let group = self.groups().await.remove(0);
        self.control.call("PUT", &format!("/okta/groups/{group}/users/{user}"), &Value::Null).await.unwrap();
        user
    }

    /// Groups with listed members.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let groups = self.control.get("/okta/groups").await.unwrap();
        let groups = groups["groups"].as_array().unwrap().iter();
        let own = groups.filter(|group| group["type"] != "BUILT_IN");
        own.map(|group| group["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes city, manager and every group from a user.
    pub(crate) async fn strip(&self, user: &str) {
        let nothing = json!({ "city": null, "managerId": null });
        self.control.call("POST", &format!("/okta/users/{user}"), &nothing).await.unwrap();
        for group in self.groups().await {
            let path = format!("/okta/groups/{group}/users/{user}");
            // Whoever is no member stays none.
            let _ = self.control.call("DELETE", &path, &Value::Null).await;
        }
    }

    pub(crate) async fn edit(&self, user: &str, values: Value) {
        self.control.call("POST", &format!("/okta/users/{user}"), &values).await.unwrap();
    }

    /// Has Assets refuse a user in a way, for what its title says.
    pub(crate) async fn refuse(&self, user: &str, way: &str) {
        self.settings(json!({ "refuseMarkedRecords": true })).await;
        self.edit(user, json!({ "title": way })).await;
    }

    pub(crate) async fn nth_user(&self, n: usize) -> String {
        let users = self.control.get("/okta/users").await.unwrap();
        users["users"][n]["id"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn delete_user(&self, n: usize) -> String {
        let users = self.control.get("/okta/users").await.unwrap();
        let user = users["users"][n]["id"].as_str().unwrap().to_owned();
        self.control.call("DELETE", &format!("/okta/users/{user}"), &Value::Null).await.unwrap();
        user
    }

    /// Marks an existing user as retired in the store.
    pub(crate) async fn mark_as_retired(&self, user: &str) {
        let name = ConnectionName::try_from("main".to_owned()).unwrap();
        let state = self.store.connection(&name).await.unwrap();
        let key = RecordKey::user(&UserId::new(user));
        let record = state.confirmed_record(&key).await.unwrap().unwrap();
        let (now, id) = (SystemClock.now(), ExecutionId::new("e"));
        let run = state.begin_run(RunKind::TargetedSync, now).await.unwrap();
        let reading = state.next_reading(now).await.unwrap();
        let staged = StagedChange::new(ChangeKind::Retire, record, reading);
        state.stage(run, &[key], &[staged]).await.unwrap();
        state.open_execution(run, &id, now).await.unwrap();
        state.confirm(run, &id, &ObjectKind::ALL, "", now).await.unwrap();
        state.end_run(run, &RunReport::default(), now).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    pub(crate) async fn in_sync(&self) -> bool {
        let audit = audit::compare(&self.control).await.unwrap();
        audit.in_sync
    }

    /// Returns once an execution works on its records.
    pub(crate) async fn working(&self) {
        let works = async || {
            let all = self.control.get("/insight/executions").await.unwrap();
            all.as_array().into_iter().flatten().any(|execution| execution["status"] == "PROCESSING")
        };
        let waiting = async {
            while !works().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), waiting).await.unwrap();
    }

    pub(crate) async fn executions(&self) -> usize {
        self.control.get("/insight/executions").await.unwrap().as_array().map_or(0, Vec::len)
    }
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct RecordingAlertSink(pub(crate) Mutex<Vec<Alert>>);

impl AlertSink for RecordingAlertSink {
    fn send(&self, alert: Alert) {
        self.0.lock().unwrap().push(alert);
    }
}

pub(crate) async fn set_up(connection: &Connection) -> SchemaReport {
    connection.engine().setup(false).await.unwrap().schema
}

pub(crate) async fn sync(connection: &Connection) -> RunReport {
    connection
        .engine()
        .full_sync(&Safeguards::default(), &NoopProgress, &CancellationToken::new())
        .await
        .unwrap()
}

pub(crate) fn at_once() -> PruneOptions {
    PruneOptions { older_than: Duration::ZERO, ..PruneOptions::default() }
}
