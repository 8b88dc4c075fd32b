//! What takes an account: values that the import keeps, cardinalities, deletion. And that nothing is deleted otherwise.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sandbox::{ControlClient, Sandbox, SandboxOptions, audit};
use serde_json::{Value, json};
use sync_service::engine::{
    Alarm, Alert, AlertKind, Change, Clock, EngineOptions, Limits, Ports, PruneOptions, Pruning, Quiet,
    RunKind, RunReport, RunResult, Staged, StateStore, StructureReport, Subject, SystemClock,
};
use sync_service::model::{ConnectionName, ExecutionId, ObjectKind, RecordKey, UserId};
use sync_service::{Config, Connection, ServiceError, Store};
use tokio_util::sync::CancellationToken;

struct World {
    sandbox: Sandbox,
    control: ControlClient,
    store: Store,
    folder: tempfile::TempDir,
}

/// Whether the connection has an account.
#[derive(Clone, Copy)]
enum Account {
    With,
    Without,
    /// With one that Atlassian refuses.
    Wrong,
}

async fn world() -> World {
    let options =
        SandboxOptions { users: 12, groups: 3, import_delay: Duration::ZERO, ..SandboxOptions::default() };
    let sandbox = Sandbox::start(&options).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(&folder.path().join("state.db")).await.unwrap();
    World { control: ControlClient::new(sandbox.control_url()), sandbox, store, folder }
}

impl World {
    /// A connection as another process would have it: what it remembers is in the store.
    async fn open(&self, account: Account) -> Connection {
        self.open_with(account, |_, _| {}).await
    }

    async fn open_with(
        &self,
        account: Account,
        adjust: impl FnOnce(&mut Ports, &mut EngineOptions),
    ) -> Connection {
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
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n{account}",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            ready["insight"]["api_url"],
            ready["insight"]["import_token"],
        );
        let config = Config::from_toml(&text, "c.toml", self.folder.path(), []).unwrap();
        Connection::open_with(config.connections.values().next().unwrap(), &self.store, adjust).await.unwrap()
    }

    /// Set up and synchronised.
    async fn synced(&self, account: Account) -> Connection {
        let connection = self.open(account).await;
        set_up(&connection).await;
        let report = sync(&connection).await;
        assert_eq!(report.result, RunResult::Done, "{report:?}");
        connection
    }

    async fn settings(&self, settings: Value) {
        self.control.call("PUT", "/insight/settings", &settings).await.unwrap();
    }

    async fn object(&self, kind: &str, id: &str) -> Option<Value> {
        let path = format!("/insight/objects?type=/type/{kind}&identity={id}");
        self.control.get(&path).await.unwrap()["objects"].get(0).cloned()
    }

    /// The values of a user for an attribute, and what it refers to, by the end of the external id.
    async fn values(&self, user: &str, end: &str) -> usize {
        let object = self.object("user", user).await.unwrap();
        let of = |part: &str| {
            let part = object[part].as_object().unwrap();
            let found = part.iter().find(|(id, _)| id.ends_with(end));
            found.map_or(0, |(_, values)| values.as_array().map_or(0, Vec::len))
        };
        of("attributes") + of("references")
    }

    /// An active user with a manager and with groups of its own, given a city.
    async fn resident(&self) -> String {
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
    async fn groups(&self) -> Vec<String> {
        let groups = self.control.get("/okta/groups").await.unwrap();
        let groups = groups["groups"].as_array().unwrap().iter();
        let own = groups.filter(|group| group["type"] != "BUILT_IN");
        own.map(|group| group["id"].as_str().unwrap().to_owned()).collect()
    }

    /// Takes city, manager and every group from a user.
    async fn strip(&self, user: &str) {
        let nothing = json!({ "city": null, "managerId": null });
        self.control.call("POST", &format!("/okta/users/{user}"), &nothing).await.unwrap();
        for group in self.groups().await {
            let path = format!("/okta/groups/{group}/users/{user}");
            // Whoever is no member stays none.
            let _ = self.control.call("DELETE", &path, &Value::Null).await;
        }
    }

    async fn delete_user(&self, n: usize) -> String {
        let users = self.control.get("/okta/users").await.unwrap();
        let user = users["users"][n]["id"].as_str().unwrap().to_owned();
        self.control.call("DELETE", &format!("/okta/users/{user}"), &Value::Null).await.unwrap();
        user
    }

    /// Has the store take a user for gone that is not.
    async fn mark_as_gone(&self, user: &str) {
        let name = ConnectionName::try_from("main".to_owned()).unwrap();
        let state = self.store.connection(&name).await.unwrap();
        let key = RecordKey::user(&UserId::new(user));
        let record = state.confirmed(&key).await.unwrap().unwrap();
        let (now, id) = (SystemClock.now(), ExecutionId::new("e"));
        let run = state.begin_run(RunKind::Some, now).await.unwrap();
        let staged = Staged { change: Change::Retire, record, read_at: now };
        state.stage(run, &[key], &[staged]).await.unwrap();
        state.open_execution(run, &id, now).await.unwrap();
        state.confirm(run, &id, &ObjectKind::ALL, "", now).await.unwrap();
        state.end_run(run, &RunReport::default(), now).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }

    async fn in_sync(&self) -> bool {
        let audit = audit::compare(&self.control).await.unwrap();
        audit.in_sync
    }

    async fn executions(&self) -> usize {
        self.control.get("/insight/executions").await.unwrap().as_array().map_or(0, Vec::len)
    }
}

/// Keeps what it is told.
#[derive(Default)]
struct Heard(Mutex<Vec<Alert>>);

impl Alarm for Heard {
    fn raise(&self, alert: Alert) {
        self.0.lock().unwrap().push(alert);
    }
}

async fn set_up(connection: &Connection) -> StructureReport {
    connection.engine().setup(false).await.unwrap().structure
}

async fn sync(connection: &Connection) -> RunReport {
    connection.engine().sync(&Limits::default(), &Quiet, &CancellationToken::new()).await.unwrap()
}

/// Not about the invented org itself, which defines an attribute in two ways.
#[allow(clippy::ptr_arg)]
fn is_drift(message: &String) -> bool {
    !message.starts_with("the user types define")
}

fn at_once() -> PruneOptions {
    PruneOptions { older_than: Duration::ZERO, ..PruneOptions::default() }
}

#[tokio::test]
async fn with_an_account_values_groups_and_managers_are_cleared_that_the_import_source_keeps() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0, "what is new has nothing to clear");
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert!(report.cleared >= 3, "{report:?}");
    for end in ["/city", "/managerId", "/manager"] {
        assert_eq!(world.values(&user, end).await, 0, "{end}");
    }
    assert_eq!(world.values(&user, "/groups").await, 1, "everyone is left");
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0);
    assert_eq!(sync(&connection).await.cleared, 0);
}

#[tokio::test]
async fn the_last_reference_is_cleared_too() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    // Okta does not count deactivated users among everyone.
    let path = format!("/okta/users/{user}/lifecycle/deactivate");
    world.control.call("POST", &path, &Value::Null).await.unwrap();
    world.strip(&user).await;
    sync(&connection).await;
    assert_eq!(world.values(&user, "/groups").await, 0);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn without_an_account_what_is_kept_is_counted_listed_and_told_once_for_each_attribute() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    let told: Vec<&String> = report.messages.iter().filter(|m| m.contains("stay in Assets")).collect();
    assert!(told.iter().any(|m| m.starts_with("Okta User: City: 1 value is gone")), "{told:?}");
    assert_eq!(report.cleared, 0);
    assert!(world.values(&user, "/city").await == 1 && !world.in_sync().await);
    let counts = connection.status(1).await.unwrap().uncleared;
    assert_eq!((counts.objects, counts.failed), (1, 0));
    let listed = connection.uncleared(10).await.unwrap();
    assert_eq!(listed.len() as u64, counts.values);
    assert_eq!(told.len(), listed.len());
    assert!(listed.iter().all(|value| value.key == RecordKey::user(&UserId::new(&user))));
    let again = sync(&connection).await;
    assert!(again.messages.iter().all(|m| !m.contains("stay in Assets")), "{:?}", again.messages);

    // The account comes later, and what waited is cleared.
    let connection = world.open(Account::With).await;
    sync(&connection).await;
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0);
}

#[tokio::test]
async fn once_the_import_source_removes_empty_values_what_it_kept_is_sent_again() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    assert!(!world.in_sync().await);
    world.settings(json!({ "ignoreEmptyValues": false })).await;
    let connection = world.open(Account::Without).await;
    sync(&connection).await;
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0);
}

#[tokio::test]
async fn where_the_import_source_removes_empty_values_there_is_nothing_to_clear() {
    let world = world().await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert!(!report.messages.iter().any(is_drift), "{:?}", report.messages);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn a_value_that_comes_back_before_it_was_cleared_is_not_cleared() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    world.control.call("POST", &format!("/okta/users/{user}"), &json!({ "city": "Rome" })).await.unwrap();
    sync(&connection).await;
    assert!(connection.uncleared(10).await.unwrap().iter().all(|value| !value.attribute.ends_with("City")));
    sync(&world.open(Account::With).await).await;
    assert_eq!(world.values(&user, "/city").await, 1);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn what_cannot_be_cleared_now_fails_no_run_and_is_told() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Wrong).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert_eq!((report.result, report.cleared), (RunResult::Done, 0));
    let counts = connection.status(1).await.unwrap().uncleared;
    assert!(counts.values > 0 && counts.failed == counts.values, "{counts:?}");
    let reason = connection.uncleared(1).await.unwrap().remove(0).reason;
    assert!(reason.contains("refused the account's credential"), "{reason}");
}

#[tokio::test]
async fn a_process_that_is_cut_off_while_assets_works_loses_nothing_that_is_to_be_cleared() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::With).await;
    world.strip(&user).await;
    world.control.call("PUT", "/faults", &json!("executions.stuck=told")).await.unwrap();
    let sent = async {
        while !world.control.get("/insight/executions").await.unwrap().to_string().contains("PROCESSING") {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::select! {
        report = sync(&connection) => unreachable!("{report:?}"),
        () = sent => {}
    }
    drop(connection);
    world.control.call("DELETE", "/faults", &Value::Null).await.unwrap();

    let connection = world.open(Account::With).await;
    let _claim = connection.claim(&world.folder.path().join("state.db")).await.unwrap();
    assert!(connection.status(1).await.unwrap().uncleared.values >= 3);
    assert!(world.values(&user, "/city").await > 0);
    let report = sync(&connection).await;
    assert_eq!(report.executions, 0, "what was sent is confirmed, and not sent again");
    assert!(world.in_sync().await);
    assert_eq!(connection.status(1).await.unwrap().uncleared.values, 0);
}

#[tokio::test]
async fn following_clears_what_waits_under_the_names_that_assets_has_by_then() {
    let world = world().await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let user = world.resident().await;
    let connection = world.synced(Account::Without).await;
    world.strip(&user).await;
    sync(&connection).await;
    let renamed = json!({ "type": "Okta User", "name": "City", "newName": "Town" });
    world.control.call("PUT", "/insight/attributes", &renamed).await.unwrap();
    let (follower, stop) = (world.open(Account::With).await, CancellationToken::new());
    let watch = async {
        let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
        while !world.in_sync().await {
            assert!(tokio::time::Instant::now() < deadline, "not cleared by following");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        stop.cancel();
    };
    tokio::join!(follower.follow(&stop), watch);
    assert_eq!(follower.status(1).await.unwrap().uncleared.values, 0);
}

#[tokio::test]
async fn cardinalities_that_assets_did_not_take_are_corrected_with_an_account_and_told_without() {
    let world = world().await;
    world.settings(json!({ "ignoreCardinality": true })).await;
    let told = set_up(&world.open(Account::Without).await).await;
    assert!(told.corrected.is_empty());
    let told: Vec<String> = told.drift.into_iter().filter(is_drift).collect();
    insta::assert_snapshot!(told.join("\n"));
    let corrected = set_up(&world.open(Account::With).await).await;
    assert_eq!(corrected.corrected, ["Okta User: Okta Groups"]);
    assert!(!corrected.drift.iter().any(is_drift), "{:?}", corrected.drift);
}

#[tokio::test]
async fn an_import_source_that_removes_missing_objects_gets_nothing() {
    let world = world().await;
    let connection = world.synced(Account::Without).await;
    let before = world.executions().await;
    world.settings(json!({ "removeMissingObjects": true })).await;
    let user = world.resident().await;
    let connection_after = world.open(Account::Without).await;
    let sync = connection_after.engine().sync(&Limits::default(), &Quiet, &CancellationToken::new()).await;
    let error = ServiceError::from(sync.unwrap_err());
    insta::assert_snapshot!(format!("{error}\nhint: {}", error.hint().unwrap_or_default()));
    let some = [Subject::User(UserId::new(&user))];
    assert!(connection_after.engine().sync_some(&some, &Quiet, &CancellationToken::new()).await.is_err());
    assert_eq!(world.executions().await, before);
    drop(connection);
}

#[tokio::test]
async fn objects_that_an_import_deleted_all_the_same_raise_an_alert_and_come_back() {
    let world = world().await;
    let heard = Arc::new(Heard::default());
    let connection = world
        .open_with(Account::Without, |ports, _| ports.alarm = Arc::clone(&heard) as Arc<dyn Alarm>)
        .await;
    set_up(&connection).await;
    sync(&connection).await;
    // Switched on after the settings were looked at, and before the import.
    let user = world.resident().await;
    sync(&connection).await;
    world.settings(json!({ "removeMissingObjects": true })).await;
    world.strip(&user).await;
    let report = sync(&connection).await;
    assert!(report.messages.iter().any(|m| m.contains("the import source deleted")), "{:?}", report.messages);
    let alerts = std::mem::take(&mut *heard.0.lock().unwrap());
    assert_eq!(alerts.iter().map(|alert| alert.kind).collect::<Vec<_>>(), [AlertKind::GuardTripped]);
    assert!(!world.in_sync().await);
    world.settings(json!({ "removeMissingObjects": false })).await;
    let report = sync(&world.open(Account::Without).await).await;
    assert_eq!(report.result, RunResult::Done);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn prune_deletes_what_has_been_gone_for_long_and_writes_it_down() {
    let world = world().await;
    let connection = world.synced(Account::With).await;
    let user = world.delete_user(3).await;
    sync(&connection).await;
    assert!(connection.prunable(&PruneOptions::default()).await.unwrap().objects.is_empty());
    let plan = connection.prunable(&at_once()).await.unwrap();
    assert_eq!((plan.objects.len(), plan.more), (1, 0));
    let prunable = &plan.objects[0];
    assert_eq!((prunable.object.key.id.as_str(), prunable.in_assets.len()), (user.as_str(), 1));
    assert!(world.object("user", &user).await.is_some(), "a plan deletes nothing");
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!((report.objects[0].result.clone(), report.stopped), (Pruning::Deleted, None));
    assert!(world.object("user", &user).await.is_none());
    let audit = connection.audit(10).await.unwrap();
    assert_eq!(
        (audit.len(), audit[0].what.as_str(), audit[0].key.as_str()),
        (1, "deleted", format!("user {user}").as_str())
    );
    assert!(audit[0].detail.starts_with(&prunable.in_assets[0]), "{audit:?}");
    assert!(connection.prunable(&at_once()).await.unwrap().objects.is_empty());
    assert!(world.in_sync().await);
    assert_eq!(sync(&connection).await.executions, 0, "nothing comes back");
}

#[tokio::test]
async fn prune_finds_what_was_deleted_before_and_forgets_it() {
    let world = world().await;
    let connection = world.synced(Account::With).await;
    let user = world.delete_user(3).await;
    sync(&connection).await;
    let plan = connection.prunable(&at_once()).await.unwrap();
    let number = world.object("user", &user).await.unwrap()["id"].to_string();
    world.control.call("DELETE", &format!("/insight/objects/{number}"), &Value::Null).await.unwrap();
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.objects[0].result, Pruning::AlreadyGone);
    assert!(connection.prunable(&at_once()).await.unwrap().objects.is_empty());
    assert_eq!(connection.audit(10).await.unwrap()[0].what, "found deleted");
}

#[tokio::test]
async fn prune_stays_within_its_limits() {
    let world = world().await;
    let connection = world.synced(Account::With).await;
    for _ in 0..3 {
        world.delete_user(3).await;
    }
    sync(&connection).await;
    let one = PruneOptions { limit: 1, ..at_once() };
    let plan = connection.prunable(&one).await.unwrap();
    assert_eq!((plan.objects.len(), plan.more), (1, 2));
    let plan = connection.prunable(&at_once()).await.unwrap();
    let stop = CancellationToken::new();
    let refused = connection.prune(&plan, &at_once(), &stop).await.unwrap_err();
    insta::assert_snapshot!(format!("{refused}\nhint: {}", refused.hint().unwrap_or_default()));
    assert!(connection.audit(10).await.unwrap().is_empty());
    let accepted = PruneOptions { accept_shrink: true, ..at_once() };
    let report = connection.prune(&plan, &accepted, &stop).await.unwrap();
    assert_eq!(report.count(|result| *result == Pruning::Deleted), 3);
}

#[tokio::test]
async fn prune_does_not_delete_what_okta_still_has_and_asks_for_a_look_instead() {
    let world = world().await;
    let connection = world.synced(Account::With).await;
    let user = world.resident().await;
    world.mark_as_gone(&user).await;
    let plan = connection.prunable(&at_once()).await.unwrap();
    assert_eq!(plan.objects[0].object.key.id, user);
    let report = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap();
    assert_eq!(report.objects[0].result, Pruning::StillThere);
    assert!(world.object("user", &user).await.is_some());
    assert!(connection.audit(10).await.unwrap().is_empty());
    assert_eq!(connection.status(1).await.unwrap().inbox.looks, 1);
}

#[tokio::test]
async fn prune_takes_an_account() {
    let world = world().await;
    let connection = world.synced(Account::Without).await;
    let error = connection.prunable(&at_once()).await.unwrap_err();
    assert!(error.is_usage());
    insta::assert_snapshot!(format!("{error}\nhint: {}", error.hint().unwrap_or_default()));
}

#[tokio::test]
async fn prune_believes_no_org_that_shows_nothing() {
    let world = world().await;
    let connection = world.synced(Account::With).await;
    world.delete_user(3).await;
    sync(&connection).await;
    let plan = connection.prunable(&at_once()).await.unwrap();
    world.control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
    let refused = connection.prune(&plan, &at_once(), &CancellationToken::new()).await.unwrap_err();
    assert!(refused.to_string().contains("lists no users at all"), "{refused}");
    assert!(connection.audit(10).await.unwrap().is_empty());
}
