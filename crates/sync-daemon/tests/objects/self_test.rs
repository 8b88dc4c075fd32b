//! The self-test on sites that treat imports differently, and the sync that follows it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::{
    Comparison, EngineError, FormTrial, MappingView, PortError, RunState, SelfTestReport, SiteFactId,
    SiteFactReason, SiteFactState, TargetSchema, WithheldReason,
};
use sync_model::ReferenceForm;
use tokio_util::sync::CancellationToken;

use crate::test_env::{Account, TestEnv, set_up, sync, test_env};

/// The forms, with their names in the settings of the sandbox.
const FORMS: [(ReferenceForm, &str); 3] = [
    (ReferenceForm::EachValue, "eachValue"),
    (ReferenceForm::JoinedValues, "joinedValues"),
    (ReferenceForm::RowPerReference, "rowPerReference"),
];

async fn test(connection: &Connection, keep_objects: bool) -> SelfTestReport {
    connection.engine().self_test(keep_objects, &CancellationToken::new()).await.unwrap()
}

fn answer(report: &SelfTestReport, id: SiteFactId) -> (SiteFactState, SiteFactReason) {
    let fact = report.facts.iter().find(|fact| fact.id == id).unwrap();
    (fact.state, fact.reason)
}

/// A site where these forms work.
async fn site(forms: &[&str]) -> TestEnv {
    let world = test_env().await;
    world.settings(json!({ "referenceForms": forms })).await;
    world
}

/// The objects of a type that the site has.
async fn objects(world: &TestEnv, kind: &str) -> Vec<Value> {
    let path = format!("/insight/objects?type=/type/{kind}");
    world.control.get(&path).await.unwrap()["objects"].as_array().unwrap().clone()
}

/// Tests a site with one working form, and syncs.
async fn find(form: ReferenceForm, name: &str, account: Account) -> TestEnv {
    let world = site(&[name]).await;
    let connection = world.open(account).await;
    set_up(&connection).await;
    let report = test(&connection, true).await;
    assert_eq!(report.reference_form, Some(form), "{report:?}");
    let synced = sync(&connection).await;
    assert_eq!(synced.state, RunState::Succeeded, "{name}: {synced:?}");
    assert!(synced.findings.is_empty(), "{name}: {synced:?}");
    world
}

#[tokio::test]
async fn each_form_is_found_and_used() {
    for (form, name) in FORMS {
        let world = find(form, name, Account::With).await;
        assert!(world.in_sync().await, "{name}");
    }
}

#[tokio::test]
async fn counters_prove_each_form() {
    for (form, name) in FORMS {
        let world = find(form, name, Account::Without).await;
        let (users, groups) = (objects(&world, "user").await, objects(&world, "group").await);
        let is_test = |object: &&Value| object.to_string().contains("Okta self-test");
        let left: Vec<&Value> = users.iter().chain(&groups).filter(is_test).collect();
        assert_eq!(left.len(), 4, "{name}");
        assert!(left.iter().all(|object| object.to_string().contains("Okta Deleted")), "{left:?}");
    }
}

/// A site that keeps the first or the last row of an object stores one reference, whatever the counter says.
#[tokio::test]
async fn one_stored_reference_proves_no_form() {
    for repeated in ["first", "last"] {
        let world = test_env().await;
        world.settings(json!({ "referenceForms": [], "repeatedIdentity": repeated })).await;
        let connection = world.open(Account::Without).await;
        set_up(&connection).await;
        let report = test(&connection, true).await;
        assert_eq!(report.reference_form, None, "{repeated}");
        let open = (SiteFactState::Unknown, SiteFactReason::Counters);
        assert_eq!(answer(&report, SiteFactId::RowPerReferenceReferences), open, "{repeated}");
        assert_eq!(connection.status(1).await.unwrap().withheld, [], "nothing is refuted");
    }
}

/// Without an account, the objects of the first test are there, with references that the site keeps.
#[tokio::test]
async fn repeated_test_finds_same_form() {
    let world = site(&["eachValue"]).await;
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let connection = world.open(Account::Without).await;
    set_up(&connection).await;
    for _ in 0..3 {
        assert_eq!(test(&connection, true).await.reference_form, Some(ReferenceForm::EachValue));
    }
}

#[tokio::test]
async fn site_without_form_is_reported() {
    let world = site(&[]).await;
    let connection = world.open(Account::With).await;
    set_up(&connection).await;
    let version = connection.engine().verify(false).await.unwrap().schema.version;
    let report = test(&connection, false).await;
    assert_eq!(report.reference_form, None);
    for form in ReferenceForm::ALL {
        let answer = answer(&report, SiteFactId::of_form(form));
        assert_eq!(answer, (SiteFactState::DoesNotHold, SiteFactReason::ReadBack), "{form:?}");
    }
    let unknown = (SiteFactState::Unknown, SiteFactReason::NoReferences);
    assert_eq!(answer(&report, SiteFactId::LastReferenceRemoved), unknown);
    assert_eq!(answer(&report, SiteFactId::StatusStored).0, SiteFactState::Holds);
    let verified = connection.engine().verify(false).await.unwrap();
    assert_eq!((verified.schema.version, verified.findings.len()), (version, 0), "the mapping is as before");

    // Memberships wait for a form that works.
    sync(&connection).await;
    let withheld = connection.status(1).await.unwrap().withheld;
    assert_eq!(
        withheld.iter().map(|field| &field.reason).collect::<Vec<_>>(),
        [&WithheldReason::ReferenceForm]
    );
    world.settings(json!({ "referenceForms": ["joinedValues"] })).await;
    let report = test(&connection, false).await;
    assert_eq!(report.reference_form, Some(ReferenceForm::JoinedValues));
    sync(&connection).await;
    assert_eq!(connection.status(1).await.unwrap().withheld, []);
    assert!(world.in_sync().await);
}

#[tokio::test]
async fn treatment_of_values_is_found() {
    let world = test_env().await;
    let connection = world.open(Account::With).await;
    set_up(&connection).await;
    let yes = (SiteFactState::Holds, SiteFactReason::ReadBack);
    let no = (SiteFactState::DoesNotHold, SiteFactReason::ReadBack);
    let of_values = [SiteFactId::EmptyValueRemoved, SiteFactId::LastReferenceRemoved];
    let usual = test(&connection, false).await;
    for fact in usual.facts.iter().filter(|fact| fact.reason != SiteFactReason::NotNeeded) {
        assert_eq!(fact.state, SiteFactState::Holds, "{fact:?}");
    }
    assert_eq!(of_values.map(|id| answer(&usual, id)), [yes; 2]);
    world.settings(json!({ "ignoreEmptyValues": true })).await;
    let report = test(&connection, false).await;
    assert_eq!(of_values.map(|id| answer(&report, id)), [no; 2]);
    assert_eq!(answer(&report, SiteFactId::ReplacedReferences), yes);
    assert_eq!(connection.site_facts().await.unwrap(), report.facts, "the last test counts");
}

#[tokio::test]
async fn account_deletes_test_objects() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let before = (objects(&world, "user").await.len(), objects(&world, "group").await.len());
    let report = test(&connection, false).await;
    assert!(!report.objects_remain);
    assert_eq!((objects(&world, "user").await.len(), objects(&world, "group").await.len()), before);
    assert!(world.in_sync().await);
    let again = sync(&connection).await;
    assert_eq!((again.state, again.executions), (RunState::Succeeded, 0), "{again:?}");
}

#[tokio::test]
async fn remaining_objects_require_permission() {
    let world = test_env().await;
    let connection = world.open(Account::Without).await;
    let stop = CancellationToken::new();
    let error = connection.engine().self_test(true, &stop).await.unwrap_err();
    assert!(matches!(error, EngineError::SetupRequired), "{error}");
    set_up(&connection).await;
    let error = connection.engine().self_test(false, &stop).await.unwrap_err();
    assert!(matches!(error, EngineError::TestObjectsRemain), "{error}");
    assert_eq!(world.executions().await, 0);
    let report = test(&connection, true).await;
    assert!(report.objects_remain);
    let unknown = (SiteFactState::Unknown, SiteFactReason::NoAccount);
    assert_eq!(answer(&report, SiteFactId::EmptyValueRemoved), unknown);
    assert_eq!(answer(&report, SiteFactId::ChunkAccepted).0, SiteFactState::Holds);
}

#[tokio::test]
async fn proven_form_resends_memberships() {
    let world = site(&["eachValue"]).await;
    let connection = world.synced(Account::With).await;
    assert!(world.in_sync().await);
    world.settings(json!({ "referenceForms": ["rowPerReference"] })).await;
    let user = world.resident().await;
    assert_eq!(test(&connection, false).await.reference_form, Some(ReferenceForm::RowPerReference));
    assert_eq!(sync(&connection).await.state, RunState::Succeeded);
    assert!(world.values(&user, "user/groups").await > 1);
    assert!(world.in_sync().await);
    // Another process follows the same facts.
    let next = world.open(Account::With).await;
    let again = sync(&next).await;
    assert_eq!((again.state, again.executions), (RunState::Succeeded, 0), "{again:?}");
}

#[tokio::test]
async fn chosen_form_alone_is_tested() {
    let world = site(&["eachValue"]).await;
    let more = "[connections.main.mapping]\nreference_form = \"joined_values\"\n";
    let connection = world.open_more(Account::With, more).await;
    set_up(&connection).await;
    let report = test(&connection, false).await;
    assert_eq!(report.reference_form, None);
    let not_needed = (SiteFactState::Unknown, SiteFactReason::NotNeeded);
    assert_eq!(answer(&report, SiteFactId::EachValueReferences), not_needed);
    let no = (SiteFactState::DoesNotHold, SiteFactReason::ReadBack);
    assert_eq!(answer(&report, SiteFactId::JoinedValuesReferences), no);
}

#[tokio::test]
async fn unstorable_references_prove_nothing() {
    let world = test_env().await;
    let connection = world.open(Account::Without).await;
    set_up(&connection).await;
    let one = json!({ "type": "Okta User", "name": "user/groups", "maximumCardinality": 1 });
    world.control.call("PUT", "/insight/attributes", &one).await.unwrap();
    let report = test(&connection, true).await;
    assert_eq!(report.reference_form, None);
    let unstorable = (SiteFactState::Unknown, SiteFactReason::NotStorable);
    assert_eq!(answer(&report, SiteFactId::EachValueReferences), unstorable);
}

/// An object schema that never ends its second change of the form.
struct Hanging(Arc<dyn TargetSchema>);

#[async_trait]
impl TargetSchema for Hanging {
    async fn compare(&self) -> Result<Comparison, PortError> {
        self.0.compare().await
    }

    async fn state(&self) -> Result<Option<String>, PortError> {
        self.0.state().await
    }

    async fn preview(&self) -> Result<Comparison, PortError> {
        self.0.preview().await
    }

    async fn apply(&self, base: &MappingView) -> Result<Option<Comparison>, PortError> {
        self.0.apply(base).await
    }

    async fn try_reference_form(&self, form: ReferenceForm) -> Result<FormTrial, PortError> {
        let tried = self.0.try_reference_form(form).await;
        if form == ReferenceForm::EachValue { tried } else { std::future::pending().await }
    }
}

#[tokio::test]
async fn interrupted_test_leaves_no_form() {
    let world = site(&["rowPerReference"]).await;
    let connection = world
        .open_with(Account::With, |ports, _| {
            ports.target_schema = Arc::new(Hanging(Arc::clone(&ports.target_schema)));
        })
        .await;
    let version = set_up(&connection).await.version;
    let stop = CancellationToken::new();
    let tested = connection.engine().self_test(false, &stop);
    tokio::time::timeout(Duration::from_secs(10), tested).await.unwrap_err();
    // As the next process does.
    let next = world.open(Account::With).await;
    assert_eq!(set_up(&next).await.version, version);
    assert_eq!(next.engine().verify(false).await.unwrap().findings, []);
    assert_eq!(test(&next, false).await.reference_form, Some(ReferenceForm::RowPerReference));
}
