//! Events, work items, and sync requests.

use sync_model::{GroupId, UserId};

use crate::domain::feed::FeedCheckpoint;
use crate::domain::inbox::{NewEvent, Subject};
use crate::domain::run_kind::RunKind;
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{ada, at, event, failure};

pub async fn events_and_work_are_stored_once(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let first = event("e1", &[ada()]);
    assert_eq!(env.store.store_events(&[first.clone(), event("e2", &[ada()])], at(11)).await.unwrap(), 2);
    assert_eq!(env.store.store_events(&[first], at(12)).await.unwrap(), 0);
    assert_eq!(env.pending_work(12).await, [ada()]);
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.work_items, counts.oldest_pending_at), (2, 1, Some(at(10))));
}

pub async fn completing_keeps_newer_requests(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let claimed = env.claim(11).await.unwrap();
    env.store.store_events(&[event("e2", &[ada()])], at(12)).await.unwrap();
    env.store.complete_work(&claimed, at(13)).await.unwrap();
    assert_eq!(env.pending_work(13).await, [ada()], "the newer event still wants a look");
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, 1);
    let claimed = env.claim(13).await.unwrap();
    env.store.complete_work(&claimed, at(14)).await.unwrap();
    assert!(env.pending_work(14).await.is_empty());
    assert_eq!(env.store.event_queue_counts().await.unwrap().unfinished(), 0);
}

pub async fn event_waits_for_all_its_work(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let staff = Subject::Group(GroupId::new("g1"));
    env.store.store_events(&[event("e1", &[ada(), staff.clone()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    let (one, other): (Vec<_>, Vec<_>) = items.into_iter().partition(|item| item.subject == staff);
    env.store.complete_work(&one, at(12)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.in_progress), (0, 1));
    env.store.complete_work(&other, at(12)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().unfinished(), 0);
}

pub async fn requeued_work_counts_the_attempt(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.requeue_work(&items, at(20)).await.unwrap();
    assert!(env.pending_work(19).await.is_empty());
    let again = env.claim(20).await.unwrap();
    assert_eq!(again[0].attempts, 1);
}

pub async fn postponed_work_counts_no_attempt(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.postpone_work(&items, at(20)).await.unwrap();
    assert!(env.pending_work(19).await.is_empty());
    assert_eq!(env.claim(20).await.unwrap(), items);
    env.store.store_events(&[event("e2", &[ada()])], at(21)).await.unwrap();
    env.store.postpone_work(&items, at(40)).await.unwrap();
    assert_eq!(env.pending_work(21).await, [ada()], "a newer request keeps its due time");
}

pub async fn failed_events_are_not_pending(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.fail_work(&items, &failure("Okta said no"), at(12)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.failed, counts.work_items), (0, 1, 0));
}

pub async fn event_without_subjects_is_not_queued(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[])], at(11)).await.unwrap();
    assert_eq!(
        env.store.event_queue_counts().await.unwrap(),
        crate::domain::inbox::EventQueueCounts::default()
    );
}

pub async fn claim_is_exclusive_until_it_ends(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(10)).await.unwrap();
    assert_eq!(env.claim(11).await.unwrap().len(), 1);
    assert!(env.claim(12).await.unwrap().is_empty(), "claimed");
    assert_eq!(env.store.event_queue_counts().await.unwrap().in_progress, 1);
    assert_eq!(env.claim(11 + 60).await.unwrap().len(), 1, "the lease is over");
    env.store.release_all_claims().await.unwrap();
    assert_eq!(env.claim(11 + 61).await.unwrap().len(), 1, "its process has ended");
}

pub async fn request_during_a_claim_is_kept(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(10)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.store_events(&[event("e2", &[ada()])], at(12)).await.unwrap();
    env.store.complete_work(&items, at(13)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.work_items), (1, 1));
    assert_eq!(env.claim(14).await.unwrap().len(), 1);
}

pub async fn repeated_delivery_is_stored_once(store: &dyn StateStore) {
    let env = &TestEnv { store };
    assert_eq!(env.store.store_delivery("d1", &[event("e1", &[ada()])], at(10)).await.unwrap(), 1);
    assert_eq!(env.store.store_delivery("d1", &[event("e2", &[ada()])], at(11)).await.unwrap(), 0);
    let state =
        FeedCheckpoint { checkpoint: "next".into(), newest_event_at: at(10), caught_up_at: Some(at(12)) };
    let events = [event("e1", &[ada()]), event("e3", &[ada()])];
    assert_eq!(env.store.store_feed_page(&events, &state, at(12)).await.unwrap(), 1);
    assert_eq!(env.store.feed_checkpoint().await.unwrap(), Some(state));
}

pub async fn newest_event_decides_a_membership(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let subject = Subject::Membership { group: GroupId::new("g1"), user: UserId::new("u1") };
    let change = |id: &str, second: i64, removed: bool| NewEvent {
        published_at: at(second),
        expect_deleted: removed,
        ..event(id, std::slice::from_ref(&subject))
    };
    // They come in any order.
    env.store.store_events(&[change("e2", 5, true), change("e1", 3, false)], at(10)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    assert_eq!((items.len(), items[0].expect_deleted, &items[0].subject), (1, true, &subject));
}

pub async fn request_is_canceled_until_accepted(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let asked = env.store.request_sync(true, at(1)).await.unwrap();
    assert_eq!(env.store.pending_request_at(at(9)).await.unwrap(), Some(at(1)));
    assert!(env.store.cancel_request(asked.id).await.unwrap());
    assert_eq!(env.store.accept_request().await.unwrap(), None);
    let asked = env.store.request_sync(true, at(2)).await.unwrap();
    env.store.accept_request().await.unwrap();
    assert!(!env.store.cancel_request(asked.id).await.unwrap());
}

pub async fn attempted_event_is_not_unclaimed(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    env.store.store_events(&[event("e2", &[Subject::EntireDirectory])], at(12)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().oldest_unclaimed_at, Some(at(11)));
    let items = env.claim(13).await.unwrap();
    assert_eq!(
        env.store.event_queue_counts().await.unwrap().oldest_unclaimed_at,
        Some(at(11)),
        "claimed is not done"
    );
    env.store.requeue_work(&items, at(20)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.oldest_unclaimed_at, counts.pending), (None, 2));
}

pub async fn request_is_accepted_once(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let asked = env.store.request_sync(true, at(1)).await.unwrap();
    assert_eq!(env.store.accept_request().await.unwrap(), Some(asked));
    assert_eq!(env.store.accept_request().await.unwrap(), None);
    let progress = async || env.store.sync_request(asked.id).await.unwrap().unwrap();
    assert_eq!((progress().await.accepted, progress().await.run), (true, None));
    assert_eq!(env.store.pending_request_at(at(1)).await.unwrap(), Some(at(1)));
    assert_eq!(
        env.store.pending_request_at(at(2)).await.unwrap(),
        None,
        "the process that accepted it may have ended"
    );
    let run = env.store.begin_run(RunKind::FullSync, at(2)).await.unwrap();
    env.store.attach_run(asked.id, run).await.unwrap();
    assert_eq!(env.store.pending_request_at(at(1)).await.unwrap(), None);
    assert_eq!(progress().await.run.map(|r| r.id), Some(run));
    let other = env.store.request_sync(false, at(3)).await.unwrap();
    assert!(!env.store.sync_request(other.id).await.unwrap().unwrap().accepted);
    assert!(env.store.cancel_request(other.id).await.unwrap());
    assert_eq!(env.store.sync_request(other.id).await.unwrap(), None);
}

pub async fn released_request_is_accepted_again(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let begun = env.store.request_sync(false, at(1)).await.unwrap();
    env.store.accept_request().await.unwrap();
    let run = env.store.begin_run(RunKind::FullSync, at(2)).await.unwrap();
    env.store.attach_run(begun.id, run).await.unwrap();
    let asked = env.store.request_sync(true, at(3)).await.unwrap();
    env.store.accept_request().await.unwrap();
    env.store.release_all_claims().await.unwrap();
    assert_eq!(env.store.accept_request().await.unwrap(), Some(asked));
    assert_eq!(env.store.accept_request().await.unwrap(), None);
}
