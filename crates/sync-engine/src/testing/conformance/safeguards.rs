//! Removals over time, and blocked changes.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId, UserId};

use crate::domain::inbox::Subject;
use crate::domain::removals::PlannedRemovals;
use crate::domain::report::RunReport;
use crate::domain::safeguards::SafeguardMinimums;
use crate::domain::staged::ChangeKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, event, failure, staged, user};

/// Everything that was confirmed by `support` happened at second two.
const WITHIN: i64 = 1;
const AFTER: i64 = 2;

async fn removals(env: &TestEnv<'_>, run: RunId, since: i64) -> PlannedRemovals {
    env.store.planned_removals(run, SafeguardMinimums::default(), at(since)).await.unwrap()
}

async fn three_users(env: &TestEnv<'_>) {
    let users = ["u1", "u2", "u3"].map(|id| staged(ChangeKind::Create, user(id, id, &["g1", "g2"]), 0));
    env.send_confirmed(&users).await;
}

pub async fn retired_objects_add_up_across_runs(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    env.send_confirmed(&[staged(ChangeKind::Retire, user("u1", "u1", &[]), 1)]).await;
    let run = env.run(&[staged(ChangeKind::Retire, user("u2", "u2", &[]), 5)]).await;
    let one = BTreeMap::from([(ObjectKind::User, 1)]);
    assert_eq!(removals(env, run, WITHIN).await.recently_retired, one);
    assert_eq!(removals(env, run, AFTER).await.recently_retired, BTreeMap::new());
    assert_eq!(env.store.recently_retired_objects(at(WITHIN)).await.unwrap(), one);
}

pub async fn memberships_and_values_add_up(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    env.send_confirmed(&[staged(ChangeKind::Update, user("u1", "", &["g1"]), 1)]).await;
    // The same user loses another membership, and another user the same value.
    let run = env
        .run(&[
            staged(ChangeKind::Update, user("u1", "", &[]), 5),
            staged(ChangeKind::Update, user("u2", "", &["g1", "g2"]), 5),
        ])
        .await;
    let lost = removals(env, run, WITHIN).await;
    assert_eq!((lost.memberships.removed, lost.memberships.recent, lost.memberships.total), (1, 1, 5));
    let login = lost.cleared_values.iter().find(|field| field.field == "login").unwrap();
    assert_eq!((login.cleared, login.recent, login.total), (1, 1, 2));
    assert_eq!(removals(env, run, AFTER).await.memberships.recent, 0);
}

/// A change that a later reading replaced isn't sent: it removes nothing itself, and hides no removal that was sent.
pub async fn overtaken_changes_remove_nothing(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let overtaken = env
        .run(&[
            staged(ChangeKind::Retire, user("u1", "u1", &[]), 5),
            staged(ChangeKind::Update, user("u2", "", &[]), 5),
        ])
        .await;
    env.send_confirmed(&[
        staged(ChangeKind::Retire, user("u1", "u1", &[]), 6),
        staged(ChangeKind::Update, user("u2", "u2", &["g1", "g2"]), 6),
    ])
    .await;
    let lost = removals(env, overtaken, WITHIN).await;
    assert_eq!(lost.recently_retired, BTreeMap::from([(ObjectKind::User, 1)]));
    assert_eq!((lost.memberships.removed, lost.cleared_values.len()), (0, 0));
}

pub async fn undone_removals_no_longer_count(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    env.send_confirmed(&[
        staged(ChangeKind::Retire, user("u1", "u1", &[]), 1),
        staged(ChangeKind::Update, user("u2", "", &[]), 1),
    ])
    .await;
    env.send_confirmed(&[
        staged(ChangeKind::Update, user("u1", "u1", &["g1", "g2"]), 2),
        staged(ChangeKind::Update, user("u2", "u2", &["g1", "g2"]), 2),
    ])
    .await;
    let run = env.run(&[staged(ChangeKind::Update, user("u3", "", &[]), 5)]).await;
    let lost = removals(env, run, WITHIN).await;
    assert_eq!(lost.recently_retired, BTreeMap::new());
    assert_eq!((lost.memberships.removed, lost.memberships.recent), (2, 0));
    assert!(lost.cleared_values.iter().all(|field| field.recent == 0), "{lost:?}");
}

pub async fn unconfirmed_removals_count_once(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let change = || [staged(ChangeKind::Update, user("u1", "", &["g1"]), 1)];
    let run = env.run(&change()).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    // Assets accounts for nothing: it may have applied the change all the same.
    env.store.confirm(run, &execution, &[], "lost", at(2)).await.unwrap();
    env.store.end_run(run, &RunReport::default(), at(3)).await.unwrap();
    let again = env.run(&change()).await;
    let lost = removals(env, again, WITHIN).await;
    assert_eq!((lost.memberships.removed, lost.memberships.recent), (1, 0));
    let other = env.run(&[staged(ChangeKind::Update, user("u2", "u2", &["g1"]), 5)]).await;
    let lost = removals(env, other, WITHIN).await;
    assert_eq!((lost.memberships.removed, lost.memberships.recent), (1, 1));
}

pub async fn retired_unconfirmed_objects_count(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let sent = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(sent, &execution, at(1)).await.unwrap();
    env.store.close_execution_as_unknown(sent, &execution, at(2)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 1);
    env.send_confirmed(&[staged(ChangeKind::Retire, user("u1", "", &[]), 5)]).await;
    let gone = env.store.recently_retired_objects(at(WITHIN)).await.unwrap();
    assert_eq!(gone, BTreeMap::from([(ObjectKind::User, 1)]), "it may have been there");
}

pub async fn retirements_awaiting_retry_are_counted(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let retire = |id: &str| staged(ChangeKind::Retire, user(id, id, &[]), 5);
    let sent = env.run(&[retire("u1")]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(sent, &execution, at(1)).await.unwrap();
    env.store.close_execution_as_unknown(sent, &execution, at(2)).await.unwrap();
    // An event names the first again, but only a retry sends its mark.
    let run = env.run(&[retire("u1"), retire("u2")]).await;
    assert_eq!(env.store.staged_counts(run).await.unwrap()[&(ObjectKind::User, ChangeKind::Retire)], 1);
    assert_eq!(removals(env, run, 0).await.recently_retired, BTreeMap::from([(ObjectKind::User, 1)]));
}

pub async fn override_empties_the_window(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    env.send_confirmed(&[staged(ChangeKind::Retire, user("u1", "u1", &[]), 1)]).await;
    env.store.block(&[RecordKey::user(&UserId::new("u2"))], &[], &failure("too many"), at(4)).await.unwrap();
    let waiting = env.store.event_queue_counts().await.unwrap();
    assert_eq!((waiting.blocked, waiting.oldest_blocked_at), (1, Some(at(4))));
    env.store.release_blocked().await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().blocked, 0);
    assert_eq!(env.store.recently_retired_objects(at(WITHIN)).await.unwrap(), BTreeMap::new());
}

pub async fn sent_objects_are_no_longer_blocked(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let keys = ["u1", "u2"].map(|id| RecordKey::user(&UserId::new(id)));
    env.store.block(&keys, &[], &failure("too many"), at(4)).await.unwrap();
    env.send_confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &["g1", "g2"]), 5)]).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().blocked, 1);
    env.store.unblock().await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().blocked, 0);
}

pub async fn events_are_blocked_with_their_objects(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let keys = ["u1", "u2"].map(|id| RecordKey::user(&UserId::new(id)));
    let subjects = keys.clone().map(|key| Subject::User(UserId::new(key.id)));
    let events = [event("first", &subjects[..1]), event("both", &subjects), event("second", &subjects[1..])];
    env.store.store_events(&events, at(20)).await.unwrap();
    let items = env.claim(30).await.unwrap();
    env.store.block(&keys, &items, &failure("too many"), at(31)).await.unwrap();
    let counts = async || {
        let counts = env.store.event_queue_counts().await.unwrap();
        (counts.pending, counts.failed, counts.blocked_events)
    };
    assert_eq!(counts().await, (0, 0, 3));
    assert_eq!(env.store.requeue_unblocked(at(32)).await.unwrap(), 0);
    env.send_confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &["g1", "g2"]), 5)]).await;
    assert_eq!(env.store.requeue_unblocked(at(33)).await.unwrap(), 1, "the first event");
    assert_eq!(counts().await, (1, 0, 2));
    env.store.unblock().await.unwrap();
    assert_eq!(env.store.requeue_unblocked(at(34)).await.unwrap(), 2);
    assert_eq!(counts().await, (3, 0, 0));
    let items = env.claim(35).await.unwrap();
    env.store.block(&keys, &items, &failure("too many"), at(36)).await.unwrap();
    assert_eq!(env.store.requeue_blocked(at(37)).await.unwrap(), 3, "although their objects are blocked");
    assert_eq!(env.claim(40).await.unwrap().len(), 2, "both users are read again");
}

pub async fn removals_age_by_directory_time(store: &dyn StateStore) {
    let env = &TestEnv { store };
    three_users(env).await;
    let run = env.run(&[staged(ChangeKind::Retire, user("u1", "u1", &[]), 1)]).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    let year = 365 * 24 * 3600;
    env.store.confirm(run, &execution, &ObjectKind::ALL, "", at(-year)).await.unwrap();
    let recent = async |since| env.store.recently_retired_objects(at(since)).await.unwrap().len();
    assert_eq!(recent(2 * year).await, 1, "no time proves that it has left the window");
    env.store.date_losses(at(2)).await.unwrap();
    assert_eq!((recent(WITHIN).await, recent(AFTER).await), (1, 0));
    for step in [year, -year] {
        env.store.follow_clock(SignedDuration::from_secs(step), at(step)).await.unwrap();
        assert_eq!(
            (recent(WITHIN).await, recent(AFTER).await),
            (1, 0),
            "{step}: the clock is another matter"
        );
    }
    env.store.date_losses(at(3)).await.unwrap();
    assert_eq!(recent(AFTER).await, 0, "it was lost when it was lost");
    env.store.date_losses(at(1)).await.unwrap();
    assert_eq!((recent(0).await, recent(1).await), (1, 0), "no loss is later than the directory");
}
