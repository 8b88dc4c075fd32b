//! A sandbox, connections to it by hook, by log or by both, and ways to wait for what is expected.

use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::ConnectionStatus;
use jiff::Timestamp;
use sandbox::{ControlClient, Sandbox, SandboxOptions, audit};
use serde_json::{Value, json};
use sqlx::Connection as _;
use sync_config::Config;
use sync_daemon::{Connection, HookReceiver};
use sync_engine::{
    Clock, EngineError, EngineOptions, NoopProgress, Ports, RunReport, RunState, Safeguards, SystemClock,
};
use sync_model::ConnectionName;
use sync_store::Store;
use tokio_util::sync::CancellationToken;

use crate::gate::Gate;
use crate::port::Port;

/// How long something that is expected may take.
const PATIENCE: Duration = Duration::from_mins(3);
const SECRET: &str = "what-okta-sends-along";

/// Reading one user by id.
pub(crate) const USER: &str = "GET /api/v1/users/{id}";
/// Listing users.
pub(crate) const USERS: &str = "GET /api/v1/users";
/// Listing groups, and their members.
pub(crate) const GROUPS: &str = "/api/v1/groups";

/// The log often, the schedules never.
pub(crate) const OFTEN: &str = "[connections.main.schedule]\nsystem_log_poll = \"200ms\"\n";

pub(crate) struct TestEnv {
    pub(crate) control: ControlClient,
    pub(crate) store: Store,
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    port: Port,
    stop: CancellationToken,
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

pub(crate) async fn test_env(users: usize, groups: usize) -> TestEnv {
    started(SandboxOptions { users, groups, ..SandboxOptions::default() }).await
}

/// A world whose org is asked through a gateway.
pub(crate) async fn gated_test_env(users: usize, groups: usize) -> (TestEnv, Gate) {
    let port = Port::reserve();
    let okta = port.address();
    let gate = Gate::before(&format!("http://{okta}")).await;
    let public_url_okta = Some(gate.url.parse().unwrap());
    let options = SandboxOptions { users, groups, okta, public_url_okta, ..SandboxOptions::default() };
    (started(options).await, gate)
}

async fn started(options: SandboxOptions) -> TestEnv {
    let options = SandboxOptions { import_delay: Duration::from_millis(1), ..options };
    let sandbox = Sandbox::start(&options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    TestEnv {
        control: ControlClient::new(sandbox.control_url()),
        store: Store::open(&folder.path().join("state.db")).await.unwrap(),
        sandbox,
        folder,
        port: Port::reserve(),
        stop: CancellationToken::new(),
    }
}

impl TestEnv {
    /// A connection as another process would have it. `events` are by "event_hook", "system_log" or "both".
    pub(crate) async fn open_with(
        &self,
        events: &str,
        more: &str,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Arc<Connection> {
        self.open_at(&self.sandbox, events, more, adjust).await
    }

    /// A connection to another import source of the same site, with the same store.
    pub(crate) async fn open_other_source(&self) -> Arc<Connection> {
        let token = self.sandbox.other_source().import_token.clone();
        self.open_with_token(&self.store, &self.sandbox, Value::from(token), "system_log", OFTEN, |_, _| {})
            .await
    }

    /// Waits until the other import source equals Okta.
    pub(crate) async fn other_converges(&self) {
        let control = ControlClient::new(&self.sandbox.other_source().control_url);
        wait_until("the other import source equals Okta", async || {
            let audit = audit::compare(&control).await.unwrap();
            if audit.in_sync { Ok(()) } else { Err(format!("{:?}", audit.differences)) }
        })
        .await;
    }

    /// A plain copy of the state store, as a snapshot of the disk has it.
    pub(crate) async fn copy_store(&self) {
        let path = |name: &str| self.folder.path().join(name);
        let mut file = sqlx::SqliteConnection::connect(&format!("sqlite://{}", path("state.db").display()))
            .await
            .unwrap();
        let copy = format!("VACUUM INTO '{}'", path("copy.db").display());
        sqlx::query(sqlx::AssertSqlSafe(copy)).execute(&mut file).await.unwrap();
    }

    /// A connection whose state store is the copy.
    pub(crate) async fn open_copy(&self) -> Arc<Connection> {
        let store = Store::open(&self.folder.path().join("copy.db")).await.unwrap();
        let token = self.sandbox.ready()["insight"]["import_token"].clone();
        self.open_with_token(&store, &self.sandbox, token, "system_log", OFTEN, |_, _| {}).await
    }

    /// A connection whose state store was lost.
    pub(crate) async fn open_anew(&self) -> Arc<Connection> {
        let store = Store::open(&self.folder.path().join("anew.db")).await.unwrap();
        let token = self.sandbox.ready()["insight"]["import_token"].clone();
        self.open_with_token(&store, &self.sandbox, token, "system_log", OFTEN, |_, _| {}).await
    }

    /// Deletes the object schema and has it made anew from elsewhere: a connection that does not look meanwhile sees the same.
    pub(crate) async fn remake_schema(&self) {
        self.call("DELETE", "/insight/document", Value::Null).await;
        let store = Store::open(&self.folder.path().join("elsewhere.db")).await.unwrap();
        let token = self.sandbox.ready()["insight"]["import_token"].clone();
        let elsewhere =
            self.open_with_token(&store, &self.sandbox, token, "system_log", OFTEN, |_, _| {}).await;
        elsewhere.engine().setup(false).await.unwrap();
    }

    /// Has deliveries received.
    pub(crate) async fn receive(&self, connection: &Connection) {
        let receiver = HookReceiver::bind(self.port.address(), [connection]).await.unwrap();
        tokio::spawn(receiver.serve(self.stop.clone()));
    }

    /// A connection that reads this org and fills another import source, with the same store.
    pub(crate) async fn open_into(&self, other: &Self, more: &str) -> Arc<Connection> {
        self.open_at(&other.sandbox, "system_log", more, |_, _| {}).await
    }

    async fn open_at(
        &self,
        target: &Sandbox,
        events: &str,
        more: &str,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Arc<Connection> {
        let token = target.ready()["insight"]["import_token"].clone();
        self.open_with_token(&self.store, target, token, events, more, adjust).await
    }

    async fn open_with_token(
        &self,
        store: &Store,
        target: &Sandbox,
        token: Value,
        events: &str,
        more: &str,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Arc<Connection> {
        let (ready, target) = (self.sandbox.ready(), target.ready());
        let hook = match events {
            "system_log" => String::new(),
            _ => format!(
                "[connections.main.event_hook]\npublic_url = \"http://{}\"\nsecret = \"{SECRET}\"\n",
                self.port.address()
            ),
        };
        let text = format!(
            "[connections.main]\nevent_source = \"{events}\"\n\
             [connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n{hook}{more}",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            target["insight"]["api_url"],
            token,
        );
        let config = Config::from_toml(&text, "c.toml", self.folder.path(), []).unwrap();
        let settings = config.connections.values().next().unwrap();
        Arc::new(Connection::open_with(settings, store, adjust).await.unwrap())
    }

    pub(crate) async fn open(&self, events: &str) -> Arc<Connection> {
        self.open_with(events, OFTEN, |_, _| {}).await
    }

    /// Has deliveries received, creates what *Setup* creates, and synchronises.
    pub(crate) async fn sync_first(&self, connection: &Connection) {
        if connection.has_hook() {
            self.receive(connection).await;
        }
        connection.engine().setup(connection.has_hook()).await.unwrap();
        let report = sync(connection).await.unwrap();
        assert_eq!(report.state, RunState::Succeeded, "{report:?}");
    }

    /// Set up and synchronised.
    pub(crate) async fn synced(&self, events: &str) -> Arc<Connection> {
        let connection = self.open(events).await;
        self.sync_first(&connection).await;
        connection
    }

    /// What the connection remembers.
    pub(crate) async fn state(&self) -> impl sync_engine::StateStore {
        self.store.connection(&ConnectionName::try_from("main".to_owned()).unwrap()).await.unwrap()
    }

    /// Everything that the store holds, row by row.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let path = format!("sqlite://{}", self.folder.path().join("state.db").display());
        let mut file = sqlx::SqliteConnection::connect(&path).await.unwrap();
        let columns: Vec<(String, String)> = sqlx::query_as(
            "SELECT t.name, group_concat('quote(\"' || c.name || '\")', ' || char(10) || ')
             FROM sqlite_master t JOIN pragma_table_info(t.name) c
             WHERE t.type = 'table' AND t.name <> 'sqlite_sequence' GROUP BY t.name",
        )
        .fetch_all(&mut file)
        .await
        .unwrap();
        let mut dump = Vec::new();
        for (table, columns) in columns {
            let rows: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(format!(
                "SELECT {columns} FROM \"{table}\" ORDER BY 1"
            )))
            .fetch_all(&mut file)
            .await
            .unwrap();
            dump.extend(rows.iter().map(|row| format!("{table}: {}", row.replace('\n', ", "))));
        }
        dump
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Value) -> Value {
        self.control.call(method, path, &body).await.unwrap()
    }

    pub(crate) async fn faults(&self, spec: &str) {
        self.call("PUT", "/faults", json!(spec)).await;
    }

    pub(crate) async fn no_faults(&self) {
        self.call("DELETE", "/faults", Value::Null).await;
    }

    /// The ids of users that are not deleted.
    pub(crate) async fn users(&self) -> Vec<String> {
        ids(&self.control.get("/okta/users").await.unwrap()["users"])
    }

    /// The ids of users that can change.
    pub(crate) async fn active_users(&self) -> Vec<String> {
        let users = self.control.get("/okta/users").await.unwrap()["users"].take();
        ids(&users.as_array().unwrap().iter().filter(|user| user["status"] == "ACTIVE").cloned().collect())
    }

    /// Groups with listed members.
    pub(crate) async fn groups(&self) -> Vec<String> {
        let groups = self.control.get("/okta/groups").await.unwrap()["groups"].take();
        let own = groups.as_array().unwrap().iter().filter(|group| group["type"] != "BUILT_IN").cloned();
        ids(&own.collect())
    }

    pub(crate) async fn change(&self, user: &str, values: Value) {
        self.call("POST", &format!("/okta/users/{user}"), values).await;
    }

    pub(crate) async fn delete(&self, user: &str) {
        self.call("DELETE", &format!("/okta/users/{user}"), Value::Null).await;
    }

    pub(crate) async fn add_member(&self, group: &str, user: &str) {
        self.call("PUT", &format!("/okta/groups/{group}/users/{user}"), Value::Null).await;
    }

    pub(crate) async fn add_attribute(&self, name: &str, title: &str) {
        let property = json!({ "title": title, "type": "string" });
        self.call("PUT", &format!("/okta/schemas/user/{name}"), property).await;
    }

    /// A delivery as Okta would send it, of one event about one user.
    pub(crate) async fn deliver(&self, id: &str, kind: &str, user: &Value, published: Timestamp) {
        let body = json!({ "eventId": format!("delivery of {id}"), "data": { "events": [{
            "uuid": id, "published": published, "eventType": kind, "target": [user],
            "outcome": { "result": "SUCCESS" },
        }] } });
        let request = reqwest::Client::new()
            .post(format!("http://{}/hooks/okta/main", self.port.address()))
            .header("authorization", SECRET)
            .body(body.to_string());
        assert_eq!(request.send().await.unwrap().status(), 200);
    }

    pub(crate) async fn audit(&self) -> audit::Comparison {
        audit::compare(&self.control).await.unwrap()
    }

    /// Waits until Assets equals Okta.
    pub(crate) async fn assert_in_sync(&self) -> audit::Comparison {
        self.converges_to(&audit::Scope::default()).await
    }

    /// Waits until Assets equals what of Okta is chosen.
    pub(crate) async fn converges_to(&self, choice: &audit::Scope) -> audit::Comparison {
        wait_until("Assets equals Okta", async || {
            let audit = audit::compare_chosen(&self.control, choice).await.unwrap();
            if audit.in_sync { Ok(audit) } else { Err(format!("{:?}", audit.differences)) }
        })
        .await
    }

    /// How many requests there were in a bucket.
    pub(crate) async fn requests(&self, bucket: &str) -> u64 {
        self.control.get("/stats").await.unwrap()["okta"]["buckets"][bucket].as_u64().unwrap_or_default()
    }

    /// The import history, the oldest first.
    pub(crate) async fn executions(&self) -> Vec<Value> {
        self.control.get("/insight/executions").await.unwrap().as_array().unwrap().clone()
    }

    /// The objects of a user type in Assets, as text.
    pub(crate) async fn object(&self, user: &str) -> String {
        let found = self.control.get(&format!("/insight/objects?type=/type/user&identity={user}")).await;
        found.unwrap()["objects"][0].to_string()
    }
}

fn ids(objects: &Value) -> Vec<String> {
    let ids = objects.as_array().unwrap().iter().map(|object| object["id"].as_str().unwrap().to_owned());
    ids.collect()
}

/// Asks until the answer is as it should be; the error tells what it was last.
pub(crate) async fn wait_until<T>(what: &str, mut answer: impl AsyncFnMut() -> Result<T, String>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let last = match answer().await {
            Ok(answer) => return answer,
            Err(last) => last,
        };
        assert!(Instant::now() < deadline, "not in time: {what}; last {last}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

/// Waits until the connection's status is as it should be.
pub(crate) async fn status(
    connection: &Connection,
    what: &str,
    is: impl Fn(&ConnectionStatus) -> bool,
) -> ConnectionStatus {
    wait_until(what, async || {
        let status = connection.status(20).await.unwrap();
        if is(&status) { Ok(status) } else { Err(format!("{:?}", status.event_queue)) }
    })
    .await
}

/// Waits until no event waits for anything.
pub(crate) async fn idle(connection: &Connection) -> ConnectionStatus {
    status(connection, "nothing is waiting", |status| {
        status.event_queue.unfinished() + status.event_queue.work_items == 0
    })
    .await
}

/// Waits until the log was read to its end after now.
pub(crate) async fn wait_for_system_log(connection: &Connection) {
    let now = SystemClock.now();
    let read = |status: &ConnectionStatus| status.system_log.is_some_and(|log| log.caught_up_at > Some(now));
    status(connection, "the log was read", read).await;
}

pub(crate) async fn sync(connection: &Connection) -> Result<RunReport, EngineError> {
    connection.engine().full_sync(&Safeguards::default(), &NoopProgress, &CancellationToken::new()).await
}

/// With an operator's consent.
pub(crate) async fn sync_with_override(connection: &Connection) -> RunReport {
    let limits = Safeguards { override_safeguards: true, ..Safeguards::default() };
    connection.engine().full_sync(&limits, &NoopProgress, &CancellationToken::new()).await.unwrap()
}
