//! The connections of a daemon, saved ones above all: what is kept, what is refused, and what comes back after a start.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod disconnected;
mod leadership;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use admin_api::ValidationReport;
use admin_api::wire::SyncOptions;
use diagnostics::{JobState, SetupStepName, StepDetail, StepState};
use sandbox::{ControlClient, Sandbox, SandboxOptions};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sync_config::{
    AlertSettings, AssetsSettings, Config, ConnectionSettings, ManagedBy, MasterKey, OktaSettings,
    SecretField, VaultError,
};
use sync_daemon::{ConnectionDraft, ConnectionManager, ConnectionRegistry, SaveError, ServiceError, rotate};
use sync_engine::{Fact, Finding, FindingCode, FindingSubject, Remedy};
use sync_model::{ConnectionName, ObjectKind};
use sync_store::Store;

struct TestEnv {
    sandbox: Sandbox,
    folder: tempfile::TempDir,
    key: SecretString,
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

    async fn manager_with(&self, config: Config) -> Arc<ConnectionManager> {
        let manager = ConnectionManager::open(config, Path::new("c.toml")).await.unwrap();
        manager.start();
        manager
    }

    async fn manager(&self) -> Arc<ConnectionManager> {
        self.manager_with(self.config("")).await
    }

    fn ready_value(&self, pointer: &str) -> String {
        match self.sandbox.ready().pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    fn draft(&self) -> ConnectionDraft {
        let settings = ConnectionSettings {
            okta: OktaSettings {
                org_url: self.ready_value("/okta/org_url"),
                client_id: self.ready_value("/okta/client_id"),
                ..OktaSettings::default()
            },
            assets: AssetsSettings {
                api_url: Some(self.ready_value("/insight/api_url")),
                ..AssetsSettings::default()
            },
            ..ConnectionSettings::default()
        };
        let secret = |pointer| Some(SecretString::from(self.ready_value(pointer)));
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
        Value::from(world.ready_value("/okta/org_url")),
        Value::from(world.ready_value("/okta/client_id")),
        Value::from(world.ready_value("/okta/private_key_jwk")),
        Value::from(world.ready_value("/insight/api_url")),
        Value::from(world.ready_value("/insight/import_token")),
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
async fn saved_connection_survives_restart() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    assert!(manager.members().is_empty());
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let member = manager.get(&acme()).unwrap();
    assert_eq!(member.managed_by(), ManagedBy::Console);
    assert!(member.set_up());
    assert!(ended(|| member.setup()).await.result().is_some());
    manager.end().await;

    let manager = world.manager().await;
    let member = manager.get(&acme()).unwrap();
    assert!(member.connection().is_ok());
    assert!(member.verify());
    assert_eq!(ended(|| member.verified()).await.result().unwrap().findings, []);
    manager.end().await;
}

#[tokio::test]
async fn failing_connection_is_not_saved() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    let mut draft = world.draft();
    draft.settings.okta.client_id = "0oanobody".into();
    draft.secrets.insert(SecretField::ImportToken, Some("nonsense".into()));
    let told = problems(manager.save(&acme(), draft, true).await);
    assert_eq!(
        told.iter().map(|(field, _)| field.as_str()).collect::<Vec<_>>(),
        ["client_id", "import_token"]
    );
    let mut draft = world.draft();
    draft.secrets.remove(&SecretField::PrivateKey);
    draft.settings.okta.org_url = " ".into();
    draft.settings.assets.email = Some("sync@example.com".into());
    let told = problems(manager.save(&acme(), draft, true).await);
    let fields: Vec<&str> = told.iter().map(|(field, _)| field.as_str()).collect();
    assert_eq!(fields, ["org_url", "private_key", "site_url", "api_token"], "all at once");
    assert_eq!(told[0].1, "enter the Okta org URL");
    let mut draft = world.draft();
    draft.settings.schedule.full_sync = Some("sometimes".into());
    assert_eq!(problems(manager.save(&acme(), draft, true).await)[0].0, "schedule.full_sync");
    assert!(manager.members().is_empty());
    assert!(manager.store().saved_connections().await.unwrap().is_empty());
    manager.end().await;
}

#[tokio::test]
async fn unreachable_service_is_reported_by_url() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    let mut draft = world.draft();
    draft.settings.assets.api_url = Some("http://127.0.0.1:1".into());
    let told = problems(manager.validate(&acme(), &draft).await);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].0, "api_url");
    assert!(told[0].1.starts_with("could not reach 127.0.0.1:1"), "{told:?}");
    let mut draft = world.draft();
    draft.settings.assets.api_url = Some("https://10.0.0.9".into());
    let told = problems(manager.validate(&acme(), &draft).await);
    assert!(told[0].0 == "api_url" && told[0].1.contains("allow_private_addresses"), "{told:?}");
    manager.end().await;
    let allowing = world.config("[server]\nallow_private_addresses = true\n");
    let manager = ConnectionManager::open(allowing, Path::new("c.toml")).await.unwrap();
    let mut draft = world.draft();
    draft.secrets.insert(SecretField::AlertWebhookUrl, Some("https://10.0.0.9/hook".into()));
    draft.settings.alerts = Some(AlertSettings::default());
    assert!(manager.validate(&acme(), &draft).await.is_ok());
    manager.end().await;
}

#[tokio::test]
async fn failed_checks_can_be_ignored() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    let mut draft = world.draft();
    draft.secrets.insert(SecretField::ImportToken, Some("nonsense".into()));
    draft.ignore_check_failures = true;
    let checked = manager.save(&acme(), draft.clone(), true).await.unwrap();
    assert_eq!(checked.problems[0].field, "import_token");
    draft.settings.okta.org_url = "not a URL".into();
    assert_eq!(problems(manager.save(&acme(), draft, false).await)[0].0, "org_url");
    manager.end().await;
}

#[tokio::test]
async fn omitted_secrets_stay_encrypted() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let mut draft = world.draft();
    draft.secrets.clear();
    draft.settings.schedule.full_sync = Some("6h".into());
    manager.save(&acme(), draft, false).await.unwrap();
    let member = manager.get(&acme()).unwrap();
    assert_eq!(member.settings().unwrap().schedule.full_sync.to_string(), "every 6h");
    assert_eq!(member.saved().unwrap().secrets, [SecretField::PrivateKey, SecretField::ImportToken]);
    manager.end().await;

    let mut files = Vec::new();
    for file in std::fs::read_dir(world.folder.path()).unwrap() {
        files.extend(std::fs::read(file.unwrap().path()).unwrap());
    }
    let key: Value = serde_json::from_str(&world.ready_value("/okta/private_key_jwk")).unwrap();
    for secret in [key["d"].as_str().unwrap(), &world.ready_value("/insight/import_token")] {
        assert!(!files.windows(secret.len()).any(|bytes| bytes == secret.as_bytes()));
    }
}

#[tokio::test]
async fn key_rotation_reencrypts_secrets() {
    let mut world = TestEnv::start().await;
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    manager.end().await;
    let old = MasterKey::parse(&world.key).unwrap();
    world.key = MasterKey::generate().unwrap();
    let new = MasterKey::parse(&world.key).unwrap();

    let manager = world.manager().await;
    let member = manager.get(&acme()).unwrap();
    let wrong_key = Fact::Unavailable { error: VaultError::WrongKey.to_string() };
    assert_eq!(member.connection().err().unwrap().finding().fact, wrong_key);
    assert!(!manager.health().await.ready);
    let steps = member.setup_checklist().await.unwrap().steps;
    assert_eq!(steps[0].state, StepState::Failed);
    assert!(steps[1..].iter().all(|step| step.state == StepState::NotReady));
    manager.end().await;

    let store = Store::open(&world.database()).await.unwrap();
    assert_eq!(rotate(&store, &old, &new).await.unwrap(), 2);
    assert_eq!(rotate(&store, &old, &new).await.unwrap(), 2, "once more does no harm");
    assert!(matches!(rotate(&store, &old, &old).await, Err(SaveError::Vault(VaultError::WrongKey))));
    store.close().await;
    let manager = world.manager().await;
    assert!(manager.get(&acme()).unwrap().connection().is_ok());
    manager.end().await;
}

#[tokio::test]
async fn saving_requires_master_key() {
    let world = TestEnv::start().await;
    let config = Config::from_toml("", "c.toml", world.folder.path(), []).unwrap();
    let manager = world.manager_with(config).await;
    assert!(!manager.keeps_secrets());
    let refused = manager.save(&acme(), world.draft(), true).await;
    assert!(matches!(refused, Err(SaveError::Vault(VaultError::MissingKey))));
    assert!(manager.store().saved_connections().await.unwrap().is_empty());
    manager.end().await;
}

#[tokio::test]
async fn file_connection_cannot_be_changed() {
    let world = TestEnv::start().await;
    let file = file_of(&world);
    let manager = world.manager_with(world.config(&file)).await;
    assert!(matches!(manager.save(&acme(), world.draft(), false).await, Err(SaveError::ManagedByFile(_))));
    assert!(matches!(manager.remove(&acme()).await, Err(SaveError::ManagedByFile(_))));
    manager.end().await;

    // Beside the daemon nothing is made by looking, and what was saved is known once it is there.
    let known = ConnectionRegistry::read(world.config("[store]\npath = \"other.db\"\n")).await.unwrap();
    assert!(matches!(known.chosen(None), Err(ServiceError::NoConnection(_))));
    assert!(!world.folder.path().join("other.db").exists());
    std::fs::write(world.folder.path().join("other.db"), "no store").unwrap();
    let other = ConnectionRegistry::read(world.config("[store]\npath = \"other.db\"\n")).await.unwrap_err();
    assert!(matches!(other, ServiceError::Unmigrated(_)), "what cannot be read is not called empty: {other}");

    let manager = world.manager().await;
    assert!(manager.members().is_empty());
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let known = ConnectionRegistry::read(world.config("")).await.unwrap();
    assert_eq!(known.chosen(Some("acme")).unwrap()[0].managed_by, ManagedBy::Console);
    assert!(known.chosen(Some("other")).is_err());
    let known = ConnectionRegistry::read(world.config(&file)).await.unwrap();
    assert_eq!(known.chosen(None).unwrap()[0].managed_by, ManagedBy::File, "the file comes first");
    let keyless = Config::from_toml("", "c.toml", world.folder.path(), []).unwrap();
    let known = ConnectionRegistry::read(keyless).await.unwrap();
    assert!(known.working(None).unwrap().is_empty());
    let server = Some("http://127.0.0.1:8585".to_owned());
    assert_eq!(known.broken[&acme()].finding().remedy, Some(Remedy::UseDaemonMasterKey { server }));
    assert!(matches!(manager.save(&acme(), world.draft(), true).await, Err(SaveError::AlreadyExists(_))));
    manager.remove(&acme()).await.unwrap();
    assert!(manager.get(&acme()).is_none());
    assert!(matches!(manager.remove(&acme()).await, Err(SaveError::Unknown(_))));
    manager.end().await;
    assert!(world.manager().await.members().is_empty());
}

#[tokio::test]
async fn setup_step_requires_earlier_steps() {
    use StepState::{Complete, NotReady, Ready};

    let world = TestEnv::start().await;
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let member = manager.get(&acme()).unwrap();
    let states = async || -> Vec<StepState> {
        member.setup_checklist().await.unwrap().steps.iter().map(|step| step.state).collect()
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
        if member.setup_checklist().await.unwrap().complete {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(states().await, [Complete; 5]);
    let last = member.setup_checklist().await.unwrap();
    let StepDetail::Objects { current } = &last.step(SetupStepName::Synchronize).unwrap().details[1] else {
        panic!("{last:?}")
    };
    assert_eq!(current[&ObjectKind::User], 5);
    manager.end().await;
}

#[tokio::test]
async fn attribute_name_with_semicolon_survives() {
    let world = TestEnv::start().await;
    let manager = world.manager().await;
    manager.save(&acme(), world.draft(), true).await.unwrap();
    let member = manager.get(&acme()).unwrap();
    member.set_up();
    ended(|| member.setup()).await;
    let control = ControlClient::new(world.ready_value("/control_url"));
    let renamed = json!({ "type": "user", "name": "Okta Groups", "newName": "a; b takes at most 1", "maximumCardinality": 1 });
    control.call("PUT", "/insight/attributes", &renamed).await.unwrap();
    member.verify();
    let verified = ended(|| member.verified()).await;
    let verified = verified.result().unwrap();
    let name = "a; b takes at most 1".to_owned();
    let subject = Some(FindingSubject::Attribute { object_type: "Okta User".into(), name });
    assert!(verified.findings.iter().all(|finding| finding.subject == subject), "{verified:?}");
    let checklist = member.setup_checklist().await.unwrap();
    let step = checklist.step(SetupStepName::Cardinality).unwrap();
    let [limited] = step.findings.as_slice() else { panic!("{step:?}") };
    assert_eq!(
        (&limited.subject, &limited.remedy),
        (&subject, &Some(Remedy::SetCardinality { maximum: None }))
    );
    // The other difference is a note, and the limit is no part of this step.
    let noted = &checklist.step(SetupStepName::Verify).unwrap().findings;
    assert_eq!(noted.iter().map(Finding::code).collect::<Vec<_>>(), [FindingCode::NameDiffers]);
    manager.end().await;
}
