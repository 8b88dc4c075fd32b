//! The connections of a daemon, saved ones above all: what is kept, what is refused, and what comes back after a start.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sandbox::{ControlClient, Sandbox, SandboxOptions};
use serde_json::{Value, json};
use sync_service::engine::{AlertKind, Finding, FindingCode, FindingSubject, Remedy};
use sync_service::model::{ConnectionName, ObjectKind};
use sync_service::wire::SyncOptions;
use sync_service::{
    AlertSettings, AssetsSettings, Config, ConnectionDraft, ConnectionManager, ConnectionRegistry,
    ConnectionSettings, ExposeSecret, JobState, ManagedBy, MasterKey, OktaSettings, SaveError, Secret,
    SecretField, ServiceError, SetupChecklist, SetupStepName, StepDetail, StepState, Store, ValidationReport,
    VaultError, rotate,
};

struct TestEnv {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    key: Secret,
}

impl TestEnv {
    async fn start() -> Self {
        let options = SandboxOptions { users: 5, groups: 2, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        Self { sandbox, folder: tempfile::tempdir().unwrap(), key: MasterKey::generate().unwrap() }
    }

    fn config(&self, more: &str) -> Config {
        let text = format!("[console]\nmaster_key = \"{}\"\n{more}", self.key.expose_secret());
        Config::from_toml(&text, "c.toml", self.folder.path(), []).unwrap()
    }

    async fn fleet_by(&self, config: Config) -> Arc<ConnectionManager> {
        let fleet = ConnectionManager::open(config, Path::new("c.toml")).await.unwrap();
        fleet.start();
        fleet
    }

    async fn fleet(&self) -> Arc<ConnectionManager> {
        self.fleet_by(self.config("")).await
    }

    fn told(&self, pointer: &str) -> String {
        match self.sandbox.ready().pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn draft(&self) -> ConnectionDraft {
        let settings = ConnectionSettings {
            okta: OktaSettings {
                org_url: self.told("/okta/org_url"),
                client_id: self.told("/okta/client_id"),
                ..OktaSettings::default()
            },
            assets: AssetsSettings {
                api_url: Some(self.told("/insight/api_url")),
                ..AssetsSettings::default()
            },
            ..ConnectionSettings::default()
        };
        let secret = |pointer| Some(Secret::from(self.told(pointer)));
        let secrets = BTreeMap::from([
            (SecretField::PrivateKey, secret("/okta/private_key_jwk")),
            (SecretField::ImportToken, secret("/insight/import_token")),
        ]);
        ConnectionDraft { settings, secrets, ignore_check_failures: false }
    }

    fn database(&self) -> PathBuf {
        self.folder.path().join("okta-insight.db")
    }
}

fn acme() -> ConnectionName {
    ConnectionName::try_from("acme".to_owned()).unwrap()
}

/// The connection as the configuration file has it.
fn file_of(world: &TestEnv) -> String {
    format!(
        "[connections.acme.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
         [connections.acme.assets]\napi_url = {}\nimport_token = {}\n",
        Value::from(world.told("/okta/org_url")),
        Value::from(world.told("/okta/client_id")),
        Value::from(world.told("/okta/private_key_jwk")),
        Value::from(world.told("/insight/api_url")),
        Value::from(world.told("/insight/import_token")),
    )
}

fn problems(result: Result<ValidationReport, SaveError>) -> Vec<(String, String)> {
    match result.unwrap_err() {
        SaveError::InvalidSettings(checked) => {
            checked.problems.into_iter().map(|p| (p.field, p.message)).collect()
        }
        other => panic!("{other}"),
    }
}

/// Waits until a job has ended.
async fn ended<T>(mut state: impl FnMut() -> JobState<T>) -> JobState<T> {
    for _ in 0..18_000 {
        let now = state();
        if !matches!(now, JobState::Idle | JobState::Running { .. }) {
            return now;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it does not end");
}

#[tokio::test]
async fn what_is_saved_works_and_comes_back_after_a_start() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    assert!(fleet.members().is_empty());
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    let member = fleet.get(&acme()).unwrap();
    assert_eq!(member.managed_by(), ManagedBy::Console);
    assert!(member.set_up());
    assert!(ended(|| member.setup()).await.result().is_some());
    fleet.end().await;

    let fleet = world.fleet().await;
    let member = fleet.get(&acme()).unwrap();
    assert!(member.connection().is_ok());
    assert!(member.verify());
    assert_eq!(ended(|| member.verified()).await.result().unwrap().findings, []);
    fleet.end().await;
}

#[tokio::test]
async fn what_does_not_work_is_told_by_field_and_not_saved() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    let mut draft = world.draft();
    draft.settings.okta.client_id = "0oanobody".into();
    draft.secrets.insert(SecretField::ImportToken, Some("nonsense".into()));
    let told = problems(fleet.save(&acme(), draft, true).await);
    assert_eq!(
        told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
        ["client_id", "import_token"]
    );
    let mut draft = world.draft();
    draft.secrets.remove(&SecretField::PrivateKey);
    draft.settings.okta.org_url = " ".into();
    draft.settings.assets.email = Some("sync@example.com".into());
    let told = problems(fleet.save(&acme(), draft, true).await);
    let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["org_url", "private_key", "site_url", "api_token"], "all at once");
    assert_eq!(told[0].1, "enter the Okta org URL");
    let mut draft = world.draft();
    draft.settings.schedule.full_sync = Some("sometimes".into());
    assert_eq!(problems(fleet.save(&acme(), draft, true).await)[0].0, "schedule.full_sync");
    assert!(fleet.members().is_empty());
    assert!(fleet.store().saved_connections().await.unwrap().is_empty());
    fleet.end().await;
}

#[tokio::test]
async fn service_that_is_not_reached_is_no_fault_of_its_credential() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    let mut draft = world.draft();
    draft.settings.assets.api_url = Some("http://127.0.0.1:1".into());
    let told = problems(fleet.validate(&acme(), &draft).await);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "api_url");
    assert!(told[0].1.starts_with("could not reach 127.0.0.1:1"), "{told:?}");
    let mut draft = world.draft();
    draft.settings.assets.api_url = Some("https://10.0.0.9".into());
    let told = problems(fleet.validate(&acme(), &draft).await);
    assert!(told[0].0 == "api_url" && told[0].1.contains("allow_private_addresses"), "{told:?}");
    fleet.end().await;
    let allowing = world.config("[server]\nallow_private_addresses = true\n");
    let fleet = ConnectionManager::open(allowing, Path::new("c.toml")).await.unwrap();
    let mut draft = world.draft();
    draft.secrets.insert(SecretField::AlertWebhookUrl, Some("https://10.0.0.9/hook".into()));
    draft.settings.alerts = Some(AlertSettings::default());
    assert!(fleet.validate(&acme(), &draft).await.is_ok());
    fleet.end().await;
}

#[tokio::test]
async fn what_fails_for_now_can_be_saved_although_and_what_never_works_cannot() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    let mut draft = world.draft();
    draft.secrets.insert(SecretField::ImportToken, Some("nonsense".into()));
    draft.ignore_check_failures = true;
    let checked = fleet.save(&acme(), draft.clone(), true).await.unwrap();
    assert_eq!(checked.problems[0].field, "import_token");
    draft.settings.okta.org_url = "not a URL".into();
    assert_eq!(problems(fleet.save(&acme(), draft, false).await)[0].0, "org_url");
    fleet.end().await;
}

#[tokio::test]
async fn secrets_that_are_not_given_anew_stay_and_none_is_readable_in_the_store() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    let mut draft = world.draft();
    draft.secrets.clear();
    draft.settings.schedule.full_sync = Some("6h".into());
    fleet.save(&acme(), draft, false).await.unwrap();
    let member = fleet.get(&acme()).unwrap();
    assert_eq!(member.settings().unwrap().schedule.full_sync.to_string(), "every 6h");
    assert_eq!(member.saved().unwrap().secrets, [SecretField::PrivateKey, SecretField::ImportToken]);
    fleet.end().await;

    let mut files = Vec::new();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        files.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let key: Value = serde_json::from_str(&world.told("/okta/private_key_jwk")).unwrap();
    for secret in [key["d"].as_str().unwrap(), &world.told("/insight/import_token")] {
        assert!(!files.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    }
}

#[tokio::test]
async fn another_key_shows_the_connection_broken_and_a_rotation_takes_everything_along() {
    let mut world = TestEnv::start().await;
    let fleet = world.fleet().await;
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    fleet.end().await;
    let old = MasterKey::parse(&world.key).unwrap();
    world.key = MasterKey::generate().unwrap();
    let new = MasterKey::parse(&world.key).unwrap();

    let fleet = world.fleet().await;
    let member = fleet.get(&acme()).unwrap();
    assert_eq!(member.connection().err().unwrap().reason, VaultError::WrongKey.to_string());
    assert!(!fleet.health().await.ready);
    let steps = SetupChecklist::of(&member).await.unwrap().steps;
    assert_eq!(steps[0].state, StepState::Failed);
    assert!(steps[1..].iter().all(|step| step.state == StepState::NotReady));
    fleet.end().await;

    let store = Store::open(&world.database()).await.unwrap();
    assert_eq!(rotate(&store, &old, &new).await.unwrap(), 2);
    assert_eq!(rotate(&store, &old, &new).await.unwrap(), 2, "once more does no harm");
    assert!(matches!(rotate(&store, &old, &old).await, Err(SaveError::Vault(VaultError::WrongKey))));
    store.close().await;
    let fleet = world.fleet().await;
    assert!(fleet.get(&acme()).unwrap().connection().is_ok());
    fleet.end().await;
}

#[tokio::test]
async fn without_a_master_key_nothing_is_saved() {
    let world = TestEnv::start().await;
    let config = Config::from_toml("", "c.toml", world.folder.path(), []).unwrap();
    let fleet = world.fleet_by(config).await;
    assert!(!fleet.keeps_secrets());
    let refused = fleet.save(&acme(), world.draft(), true).await;
    assert!(matches!(refused, Err(SaveError::Vault(VaultError::MissingKey))));
    assert!(fleet.store().saved_connections().await.unwrap().is_empty());
    fleet.end().await;
}

#[tokio::test]
async fn a_connection_of_the_file_is_not_touched_and_a_removed_one_is_gone() {
    let world = TestEnv::start().await;
    let file = file_of(&world);
    let fleet = world.fleet_by(world.config(&file)).await;
    assert!(matches!(fleet.save(&acme(), world.draft(), false).await, Err(SaveError::ManagedByFile(_))));
    assert!(matches!(fleet.remove(&acme()).await, Err(SaveError::ManagedByFile(_))));
    fleet.end().await;

    // Beside the daemon nothing is made by looking, and what was saved is known once it is there.
    let known = ConnectionRegistry::read(world.config("[store]\npath = \"other.db\"\n")).await.unwrap();
    assert!(matches!(known.chosen(None), Err(ServiceError::NoConnection(_))));
    assert!(!world.folder.path().join("other.db").exists());
    std::fs::write(world.folder.path().join("other.db"), "no store").unwrap();
    let other = ConnectionRegistry::read(world.config("[store]\npath = \"other.db\"\n")).await.unwrap_err();
    assert!(matches!(other, ServiceError::Unmigrated(_)), "what cannot be read is not called empty: {other}");

    let fleet = world.fleet().await;
    assert!(fleet.members().is_empty());
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    let known = ConnectionRegistry::read(world.config("")).await.unwrap();
    assert_eq!(known.chosen(Some("acme")).unwrap()[0].managed_by, ManagedBy::Console);
    assert!(known.chosen(Some("other")).is_err());
    let known = ConnectionRegistry::read(world.config(&file)).await.unwrap();
    assert_eq!(known.chosen(None).unwrap()[0].managed_by, ManagedBy::File, "the file comes first");
    let keyless = Config::from_toml("", "c.toml", world.folder.path(), []).unwrap();
    let known = ConnectionRegistry::read(keyless).await.unwrap();
    assert!(known.working(None).unwrap().is_empty());
    let server = Some("http://127.0.0.1:8585".to_owned());
    assert_eq!(known.broken[&acme()].remedy, Some(Remedy::UseDaemonMasterKey { server }));
    assert!(matches!(fleet.save(&acme(), world.draft(), true).await, Err(SaveError::AlreadyExists(_))));
    fleet.remove(&acme()).await.unwrap();
    assert!(fleet.get(&acme()).is_none());
    assert!(matches!(fleet.remove(&acme()).await, Err(SaveError::Unknown(_))));
    fleet.end().await;
    assert!(world.fleet().await.members().is_empty());
}

#[tokio::test]
async fn a_step_is_offered_only_when_those_above_it_hold() {
    use StepState::{Complete, NotReady, Ready};

    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    let member = fleet.get(&acme()).unwrap();
    let states = async || -> Vec<StepState> {
        SetupChecklist::of(&member).await.unwrap().steps.iter().map(|step| step.state).collect()
    };
    assert_eq!(states().await, [Complete, Ready, NotReady, NotReady, NotReady]);
    member.set_up();
    ended(|| member.setup()).await;
    // Setup itself saw the cardinalities.
    assert_eq!(states().await, [Complete, Complete, Ready, Complete, NotReady]);
    member.verify();
    ended(|| member.verified()).await;
    assert_eq!(states().await, [Complete, Complete, Complete, Complete, Ready]);
    member.request_sync(SyncOptions::default()).await.unwrap();
    for _ in 0..18_000 {
        if SetupChecklist::of(&member).await.unwrap().complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(states().await, [Complete; 5]);
    let last = SetupChecklist::of(&member).await.unwrap();
    let StepDetail::Objects { current } = &last.step(SetupStepName::Synchronize).unwrap().details[1] else {
        panic!("{last:?}")
    };
    assert_eq!(current[&ObjectKind::User], 5);
    fleet.end().await;
}

#[tokio::test]
async fn attribute_name_with_semicolon_survives() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    let member = fleet.get(&acme()).unwrap();
    member.set_up();
    ended(|| member.setup()).await;
    let control = ControlClient::new(world.told("/control_url"));
    let renamed = json!({ "type": "user", "name": "Okta Groups", "newName": "a; b takes at most 1", "maximumCardinality": 1 });
    control.call("PUT", "/insight/attributes", &renamed).await.unwrap();
    member.verify();
    let verified = ended(|| member.verified()).await;
    let verified = verified.result().unwrap();
    let name = "a; b takes at most 1".to_owned();
    let subject = Some(FindingSubject::Attribute { object_type: "Okta User".into(), name });
    assert!(verified.findings.iter().all(|finding| finding.subject == subject), "{verified:?}");
    let checklist = SetupChecklist::of(&member).await.unwrap();
    let step = checklist.step(SetupStepName::Cardinality).unwrap();
    let [limited] = step.findings.as_slice() else { panic!("{step:?}") };
    assert_eq!(
        (&limited.subject, &limited.remedy),
        (&subject, &Some(Remedy::SetCardinality { maximum: None }))
    );
    // The other difference is a note, and the limit is no part of this step.
    let noted = &checklist.step(SetupStepName::Verify).unwrap().findings;
    assert_eq!(noted.iter().map(Finding::code).collect::<Vec<_>>(), [FindingCode::NameDiffers]);
    fleet.end().await;
}

/// Waits until a fleet works on a connection.
async fn taken_over(fleet: &ConnectionManager) {
    for _ in 0..18_000 {
        if fleet.get(&acme()).is_some_and(|member| member.connection().is_ok()) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it is not taken over");
}

#[tokio::test]
async fn standby_takes_over_when_first_ends() {
    let world = TestEnv::start().await;
    let first = world.fleet().await;
    let second = world.fleet().await;
    first.save(&acme(), world.draft(), true).await.unwrap();
    // The second learns of what the first saved, and waits behind it.
    let mut health = second.health().await;
    for _ in 0..18_000 {
        if health.connections.contains_key(&acme()) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        health = second.health().await;
    }
    let waiting = &health.connections[&acme()];
    assert!(!health.ready && waiting.standby);
    assert!(second.get(&acme()).unwrap().connection().err().unwrap().standby);
    first.end().await;
    taken_over(&second).await;
    assert!(!second.health().await.connections[&acme()].standby);
    second.end().await;
}

#[tokio::test]
async fn connection_of_file_waits_behind_another_process() {
    let world = TestEnv::start().await;
    let file = file_of(&world);
    let first = world.fleet_by(world.config(&file)).await;
    let second = world.fleet_by(world.config(&file)).await;
    assert!(second.health().await.connections[&acme()].standby);
    first.end().await;
    taken_over(&second).await;
    second.end().await;
}

#[tokio::test]
async fn lost_store_is_reported_and_ends_daemon() {
    let world = TestEnv::start().await;
    let fleet = world.fleet().await;
    fleet.save(&acme(), world.draft(), true).await.unwrap();
    std::fs::remove_file(world.database()).unwrap();
    let error = tokio::time::timeout(Duration::from_mins(3), fleet.lost()).await.unwrap();
    assert!(matches!(error, ServiceError::Lost(_)), "{error}");
    assert!(error.remedy().is_some());
    let health = fleet.health().await;
    assert!(!health.ready);
    let reasons = health.connections[&acme()].conditions.iter().filter_map(|condition| condition.reason);
    assert!(reasons.into_iter().any(|reason| reason == FindingCode::StoreLost), "{health:?}");
    let alerts = fleet.get(&acme()).unwrap().connection().unwrap().alert_entries();
    assert!(alerts.iter().any(|alert| alert.kind == AlertKind::StoreLost));
    fleet.end().await;
}

#[tokio::test]
async fn removed_lock_file_admits_no_second_process() {
    let world = TestEnv::start().await;
    let first = world.fleet().await;
    first.save(&acme(), world.draft(), true).await.unwrap();
    let lock = world.folder.path().join("okta-insight.db.acme.lock");
    std::fs::remove_file(&lock).unwrap();
    for _ in 0..18_000 {
        if lock.exists() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let second = world.fleet().await;
    assert!(second.get(&acme()).unwrap().connection().err().unwrap().standby);
    assert!(first.get(&acme()).unwrap().connection().is_ok());
    second.end().await;
    first.end().await;
}
