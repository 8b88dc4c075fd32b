//! Large changes wait for an override, and plans change nothing.

use sync_engine::{EngineError, NoopProgress, Runs, SafeguardViolation};
use sync_model::ObjectKind;
use tokio_util::sync::CancellationToken;

use crate::support::{object, overridden, sync, sync_with, synced};

#[tokio::test(start_paused = true)]
async fn many_retirements_wait_for_override() {
    let (world, engine) = synced(20).await;
    (1..=10).for_each(|n| world.directory.delete_user(&format!("u{n}")));
    let error = sync(&engine).await.unwrap_err();
    assert!(
        matches!(error, EngineError::SafeguardTriggered(SafeguardViolation::TooManyRetired { .. })),
        "{error:?}"
    );
    assert!(world.importer.objects().values().all(|record| !record.fields.contains_key("status")));
    let report = sync_with(&engine, &overridden()).await.unwrap();
    assert_eq!(report.retired, 10);
}

#[tokio::test(start_paused = true)]
async fn removed_memberships_wait_for_override() {
    let (world, engine) = synced(200).await;
    world.directory.put_group("g1", &["u1"]);
    let error = sync(&engine).await.unwrap_err();
    let EngineError::SafeguardTriggered(violation) = error else { panic!("{error:?}") };
    assert!(matches!(violation, SafeguardViolation::TooManyMembershipsRemoved { removed: 199, .. }));
    assert_eq!(object(&world, "u2").fields["groups"], serde_json::json!(["g1"]));
    sync_with(&engine, &overridden()).await.unwrap();
    assert_eq!(
        object(&world, "u2").fields["groups"],
        serde_json::json!([]),
        "it isn't in the group any more"
    );
}

#[tokio::test(start_paused = true)]
async fn plan_changes_nothing() {
    let (world, engine) = synced(5).await;
    world.directory.put_user("u1", "renamed");
    world.directory.delete_user("u2");
    let plan = engine.plan(&NoopProgress, &CancellationToken::new()).await.unwrap();
    let users = plan.kinds[&ObjectKind::User];
    assert_eq!((users.update, users.retire), (1, 1));
    engine.discard(plan).await.unwrap();
    assert_eq!((object(&world, "u1").fields["login"].as_str(), world.importer.started()), (Some("u1"), 1));
    assert_eq!(world.store.runs(10).await.unwrap().len(), 1, "a plan leaves no trace in the history");
}
