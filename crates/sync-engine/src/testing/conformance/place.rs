//! Confirmations belong to a place.

use std::time::Duration;

use sync_model::{ExecutionId, ObjectKind, Reference};

use crate::domain::inbox::WorkKind;
use crate::domain::place::{LostValues, Place};
use crate::domain::run_kind::RunKind;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, staged, user};

pub async fn doubt_outlives_an_execution_under_way(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let gone = user("u2", "bo", &[]);
    env.send_confirmed(&[staged(ChangeKind::Create, gone.clone(), 0)]).await;
    for doubts in [0, 1] {
        let (ada, second) =
            (user("u1", &format!("ada{doubts}"), &[]), 1 + 2 * i64::try_from(doubts).unwrap());
        let changes = [
            staged(ChangeKind::Update, ada.clone(), second),
            staged(ChangeKind::Retire, gone.clone(), second),
        ];
        let run = env.run(&changes).await;
        let execution = ExecutionId::new(format!("e{doubts}"));
        env.store.open_execution(run, &execution, at(second)).await.unwrap();
        // What the execution wrote may have been deleted since.
        let place = Place { doubts, ..Place::default() };
        env.store.save_place(&place, None, None, at(second)).await.unwrap();
        let kinds = [ObjectKind::User];
        env.store.confirm(run, &execution, &kinds, "", at(second)).await.unwrap();
        let known = env.store.record_states(&[ada.key.clone(), gone.key.clone()]).await.unwrap();
        assert_eq!(known[&ada.key].resend_pending, doubts == 1, "{doubts}: a live object");
        assert_eq!(known[&gone.key].resend_pending, doubts == 1, "{doubts}: a mark");
        let asked =
            env.store.claim_work(WorkKind::Sync, 10, at(second), Duration::from_secs(1)).await.unwrap();
        assert_eq!(asked.len() as u64, doubts, "{asked:?}");
    }
}

pub async fn retired_objects_follow_to_another_place(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let gone = user("u2", "bo", &[]);
    let refers = Reference { kind: ObjectKind::User, reference_key: "u2".into() };
    let mut ada = user("u1", "ada", &[]);
    ada.references = vec![refers];
    env.send_confirmed(&[staged(ChangeKind::Create, gone.clone(), 0)]).await;
    env.send_confirmed(&[staged(ChangeKind::Create, ada.clone(), 1), staged(ChangeKind::Retire, gone, 1)])
        .await;
    env.store.save_place(&Place::default(), Some(&LostValues::Everything), None, at(2)).await.unwrap();
    // The one that refers arrives first: its reference is empty until the mark is there as well.
    env.send_confirmed(&[staged(ChangeKind::Update, ada.clone(), 3)]).await;
    let retry = env.store.begin_run(RunKind::Retry, at(4)).await.unwrap();
    assert_eq!(env.store.stage_retries(retry, at(4)).await.unwrap(), 1);
    env.confirm(retry).await;
    let known = env.store.record_states(std::slice::from_ref(&ada.key)).await.unwrap();
    assert!(known[&ada.key].resend_pending);
    let asked = env.store.claim_work(WorkKind::Object, 10, at(5), Duration::from_secs(1)).await.unwrap();
    assert_eq!(asked.len(), 1, "{asked:?}");
}

pub async fn unknown_end_stays_unknown(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    env.store.close_execution_as_unknown(run, &execution, at(2)).await.unwrap();
    assert!(env.store.open_executions().await.unwrap().is_empty(), "it is not asked after again");
    let told = env.store.run(run).await.unwrap().unwrap().executions.remove(0);
    assert_eq!((told.ended_at, told.processed), (None, false));
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 1);
}
