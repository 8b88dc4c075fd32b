//! The self-test claims only what it saw.

use serde_json::json;
use sync_engine::testing::World;
use sync_engine::{PortError, SiteFactId, SiteFactReason, SiteFactState, SiteFacts};
use sync_model::ReferenceForm;
use tokio_util::sync::CancellationToken;

/// The fake reports no changed references, and there is no account.
#[tokio::test(start_paused = true)]
async fn silent_counters_prove_no_form() {
    let world = World::default();
    let report = world.engine().self_test(true, &CancellationToken::new()).await.unwrap();
    assert_eq!(report.reference_form, None);
    for form in ReferenceForm::ALL {
        let fact = report.facts.iter().find(|fact| fact.id == SiteFactId::of_form(form)).unwrap();
        assert_eq!((fact.state, fact.reason), (SiteFactState::Unknown, SiteFactReason::Counters), "{form:?}");
    }
    let objects = world.importer.objects();
    assert_eq!(objects.len(), 4);
    assert!(objects.values().all(|object| object.fields["status"] == json!("deleted")));
}

#[tokio::test(start_paused = true)]
async fn failed_removal_keeps_the_facts() {
    let world = World::default();
    let engine = world.engine();
    let tested = engine.self_test(true, &CancellationToken::new()).await.unwrap();
    let executions = u64::try_from(world.importer.started()).unwrap();
    // All of them but the canceled one are processed, and the last one marks the objects.
    world.importer.switches.fail_times("process", executions - 2, 1, || PortError::new("no effect"));
    engine.self_test(true, &CancellationToken::new()).await.unwrap_err();
    let facts = world.store.site_facts().await.unwrap();
    assert_eq!(facts.len(), tested.facts.len());
}
