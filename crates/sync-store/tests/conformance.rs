//! The promises of `StateStore`, one test each.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use sync_engine::{
    ChangeKind, FeedCheckpoint, NewEvent, ReadPhase, RunKind, RunReport, RunState, StagedChange, StateStore,
    Subject, SyncCheckpoint, SyncMode,
};
use sync_model::{ConnectionName, ExecutionId, GroupId, ObjectKind, RecordKey, RunId, UserId};
use sync_store::Store;

use support::{TestEnv, ada, at, event, group, staged, test_env, user};

#[tokio::test]
async fn records_are_unknown_until_confirmed() {
    let env = test_env().await;
    let record = user("u1", "ada", &[]);
    let run = env.run(&[staged(ChangeKind::Create, record.clone(), 0)]).await;
    assert!(env.store.record_states(std::slice::from_ref(&record.key)).await.unwrap().is_empty());
    env.confirm(run).await;
    let known = env.store.record_states(std::slice::from_ref(&record.key)).await.unwrap();
    assert_eq!(known[&record.key].fingerprint, record.fingerprint());
    assert_eq!(env.store.confirmed_record(&record.key).await.unwrap(), Some(record));
}

#[tokio::test]
async fn only_stored_kinds_are_confirmed() {
    let env = test_env().await;
    let changes =
        [staged(ChangeKind::Create, user("u1", "ada", &[]), 0), staged(ChangeKind::Create, group("g1"), 0)];
    let run = env.run(&changes).await;
    let execution = ExecutionId::new("e");
    env.store.open_execution(run, &execution, at(1)).await.unwrap();
    env.store.confirm(run, &execution, &[ObjectKind::Group], "lost", at(2)).await.unwrap();
    let census = env.store.object_counts().await.unwrap();
    assert_eq!(census.keys().copied().collect::<Vec<_>>(), [ObjectKind::Group]);
    assert!(env.store.open_executions().await.unwrap().is_empty());
}

#[tokio::test]
async fn ended_run_leaves_nothing_staged() {
    let env = test_env().await;
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.store.add_listed_members(run, &GroupId::new("g1"), &[UserId::new("u1")]).await.unwrap();
    env.store
        .end_run(run, &RunReport { state: RunState::Failed, ..RunReport::default() }, at(3))
        .await
        .unwrap();
    assert!(env.store.staged(run, None, 10).await.unwrap().is_empty());
    assert!(env.store.listed_groups_of(run, &[UserId::new("u1")]).await.unwrap().is_empty());
}

#[tokio::test]
async fn overtaken_record_is_not_sent() {
    let env = test_env().await;
    let slow = env.run(&[staged(ChangeKind::Create, user("u1", "old", &[]), 0)]).await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "new", &[]), 5)]).await;
    assert!(env.store.staged(slow, None, 10).await.unwrap().is_empty());
    assert!(env.store.staged_counts(slow).await.unwrap().is_empty());
    env.confirm(slow).await;
    let kept = env.store.confirmed_record(&user("u1", "", &[]).key).await.unwrap().unwrap();
    assert_eq!(kept.fields["login"], json!("new"));
}

#[tokio::test]
async fn staged_changes_are_paged_groups_first() {
    let env = test_env().await;
    let changes: Vec<StagedChange> = (0..5)
        .map(|n| staged(ChangeKind::Create, user(&format!("u{n}"), "x", &[]), 0))
        .chain([staged(ChangeKind::Create, group("g1"), 0)])
        .collect();
    let run = env.run(&changes).await;
    let mut after = None;
    let mut seen = Vec::new();
    loop {
        let page = env.store.staged(run, after.as_ref(), 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.record.key.clone());
        seen.extend(page.into_iter().map(|s| s.record.key.id));
    }
    assert_eq!(seen, ["g1", "u0", "u1", "u2", "u3", "u4"]);
}

#[tokio::test]
async fn unlisted_objects_exclude_retired_ones() {
    let env = test_env().await;
    env.confirmed(&[
        staged(ChangeKind::Create, user("u1", "a", &[]), 0),
        staged(ChangeKind::Create, user("u2", "b", &[]), 0),
        staged(ChangeKind::Retire, user("u3", "c", &[]), 0),
    ])
    .await;
    let run = env.store.begin_run(RunKind::FullSync, at(9)).await.unwrap();
    env.store.stage(run, &[user("u1", "", &[]).key], &[]).await.unwrap();
    let unseen = env.store.unlisted(run, ObjectKind::User, None, 10).await.unwrap();
    assert_eq!(unseen.iter().map(|r| r.key.id.as_str()).collect::<Vec<_>>(), ["u2"]);
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 1);
}

#[tokio::test]
async fn listed_members_are_found_by_user() {
    let env = test_env().await;
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    let (one, two) = (UserId::new("u1"), UserId::new("u2"));
    env.store.add_listed_members(run, &GroupId::new("g1"), &[one.clone(), two.clone()]).await.unwrap();
    env.store.add_listed_members(run, &GroupId::new("g2"), &[one.clone(), one.clone()]).await.unwrap();
    let noted =
        env.store.listed_groups_of(run, &[one.clone(), two.clone(), UserId::new("u3")]).await.unwrap();
    assert_eq!(noted[&one], [GroupId::new("g1"), GroupId::new("g2")]);
    assert_eq!(noted[&two], [GroupId::new("g1")]);
    assert_eq!(noted.len(), 2);
}

#[tokio::test]
async fn referrer_of_new_object_is_resent() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    env.confirmed(&[staged(ChangeKind::Create, group("g1"), 1)]).await;
    assert_eq!(env.pending_work(99).await, [ada()]);
    let key = user("u1", "", &[]).key;
    assert!(env.store.record_states(std::slice::from_ref(&key)).await.unwrap()[&key].resend_pending);
    env.confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &["g1"]), 2)]).await;
    assert!(!env.store.record_states(std::slice::from_ref(&key)).await.unwrap()[&key].resend_pending);
}

#[tokio::test]
async fn same_run_referrer_is_not_resent() {
    let env = test_env().await;
    env.confirmed(&[
        staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0),
        staged(ChangeKind::Create, group("g1"), 0),
    ])
    .await;
    assert!(env.pending_work(99).await.is_empty());
    let found = env.store.referrers(ObjectKind::Group, "g1").await.unwrap();
    assert_eq!(found, [user("u1", "", &[]).key]);
}

#[tokio::test]
async fn removed_references_are_deleted() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    env.confirmed(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 1)]).await;
    assert!(env.store.referrers(ObjectKind::Group, "g1").await.unwrap().is_empty());
}

#[tokio::test]
async fn events_and_work_are_stored_once() {
    let env = test_env().await;
    let first = event("e1", &[ada()]);
    assert_eq!(env.store.store_events(&[first.clone(), event("e2", &[ada()])], at(11)).await.unwrap(), 2);
    assert_eq!(env.store.store_events(&[first], at(12)).await.unwrap(), 0);
    assert_eq!(env.pending_work(12).await, [ada()]);
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.work_items, counts.oldest_pending_at), (2, 1, Some(at(10))));
}

#[tokio::test]
async fn completing_keeps_newer_requests() {
    let env = test_env().await;
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

#[tokio::test]
async fn event_waits_for_all_its_work() {
    let env = test_env().await;
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

#[tokio::test]
async fn requeued_work_counts_the_attempt() {
    let env = test_env().await;
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.requeue_work(&items, at(20)).await.unwrap();
    assert!(env.pending_work(19).await.is_empty());
    let again = env.claim(20).await.unwrap();
    assert_eq!(again[0].attempts, 1);
}

#[tokio::test]
async fn failed_events_are_not_pending() {
    let env = test_env().await;
    env.store.store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.fail_work(&items, "Okta said no", at(12)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.failed, counts.work_items), (0, 1, 0));
}

#[tokio::test]
async fn event_without_subjects_is_not_queued() {
    let env = test_env().await;
    env.store.store_events(&[event("e1", &[])], at(11)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap(), sync_engine::EventQueueCounts::default());
}

#[tokio::test]
async fn content_survives_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let name = ConnectionName::try_from("main".to_owned()).unwrap();
    let store = Store::open(&path).await.unwrap();
    store.connection(&name).await.unwrap().store_events(&[event("e1", &[ada()])], at(11)).await.unwrap();
    store.close().await;
    let store = Store::open(&path).await.unwrap().connection(&name).await.unwrap();
    assert_eq!(store.event_queue_counts().await.unwrap().pending, 1);
}

#[tokio::test]
async fn other_file_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database, only some text that is long enough to be looked at as a header")
        .unwrap();
    let error = Store::open(&path).await.unwrap_err();
    assert_eq!(error.to_string(), "the state store could not open its file");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("notes.txt"));
}

#[cfg(unix)]
#[tokio::test]
async fn store_file_is_private_to_owner() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let _store = Store::open(&path).await.unwrap();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn claim_is_exclusive_until_it_ends() {
    let env = test_env().await;
    env.store.store_events(&[event("e1", &[ada()])], at(10)).await.unwrap();
    assert_eq!(env.claim(11).await.unwrap().len(), 1);
    assert!(env.claim(12).await.unwrap().is_empty(), "claimed");
    assert_eq!(env.store.event_queue_counts().await.unwrap().in_progress, 1);
    assert_eq!(env.claim(11 + 60).await.unwrap().len(), 1, "the lease is over");
    env.store.release_all_claims().await.unwrap();
    assert_eq!(env.claim(11 + 61).await.unwrap().len(), 1, "its process is gone");
}

#[tokio::test]
async fn request_during_a_claim_is_kept() {
    let env = test_env().await;
    env.store.store_events(&[event("e1", &[ada()])], at(10)).await.unwrap();
    let items = env.claim(11).await.unwrap();
    env.store.store_events(&[event("e2", &[ada()])], at(12)).await.unwrap();
    env.store.complete_work(&items, at(13)).await.unwrap();
    let counts = env.store.event_queue_counts().await.unwrap();
    assert_eq!((counts.pending, counts.work_items), (1, 1));
    assert_eq!(env.claim(14).await.unwrap().len(), 1);
}

#[tokio::test]
async fn repeated_delivery_is_stored_once() {
    let env = test_env().await;
    assert_eq!(env.store.store_delivery("d1", &[event("e1", &[ada()])], at(10)).await.unwrap(), 1);
    assert_eq!(env.store.store_delivery("d1", &[event("e2", &[ada()])], at(11)).await.unwrap(), 0);
    let state =
        FeedCheckpoint { checkpoint: "next".into(), newest_event_at: at(10), caught_up_at: Some(at(12)) };
    let events = [event("e1", &[ada()]), event("e3", &[ada()])];
    assert_eq!(env.store.store_feed_page(&events, &state, at(12)).await.unwrap(), 1);
    assert_eq!(env.store.feed_checkpoint().await.unwrap(), Some(state));
}

#[tokio::test]
async fn newest_event_decides_a_membership() {
    let env = test_env().await;
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

#[tokio::test]
async fn interrupted_sync_is_resumable() {
    let env = test_env().await;
    let run = env.store.begin_run(RunKind::FullSync, at(0)).await.unwrap();
    let mut pass = SyncCheckpoint::new(SyncMode::Full, support::reading(1), "m1");
    pass.phase = ReadPhase::Members;
    env.store.save_checkpoint(run, &pass).await.unwrap();
    let (done, half) = (GroupId::new("g1"), GroupId::new("g2"));
    env.store.add_listed_groups(run, &[done.clone(), half.clone()]).await.unwrap();
    for group in [&done, &half] {
        env.store.add_listed_members(run, group, &[UserId::new("u1")]).await.unwrap();
    }
    env.store.mark_group_listed(run, &done).await.unwrap();

    env.store.mark_runs_interrupted(at(5)).await.unwrap();
    assert_eq!(env.store.resumable_checkpoint().await.unwrap(), Some((run, pass)));
    assert_eq!(env.store.groups_to_list(run, 10).await.unwrap(), std::slice::from_ref(&half));
    env.store.drop_partial_listings(run).await.unwrap();
    let noted = env.store.listed_groups_of(run, &[UserId::new("u1")]).await.unwrap();
    assert_eq!(noted[&UserId::new("u1")], [done]);
    env.store.end_run(run, &RunReport::default(), at(6)).await.unwrap();
    assert_eq!(env.store.resumable_checkpoint().await.unwrap(), None);
    assert_eq!(env.store.count_listed_groups(run).await.unwrap(), 0);
}

#[tokio::test]
async fn membership_differences_are_found_both_ways() {
    let env = test_env().await;
    let changes = [("u1", &["g1", "g2"][..]), ("u2", &["g1"]), ("u3", &["g2"])]
        .map(|(id, groups)| staged(ChangeKind::Create, user(id, id, groups), 0));
    env.confirmed(&changes).await;
    let run = env.store.begin_run(RunKind::IncrementalSync, at(10)).await.unwrap();
    let group = GroupId::new("g1");
    env.store.add_listed_groups(run, std::slice::from_ref(&group)).await.unwrap();
    env.store.add_listed_members(run, &group, &[UserId::new("u2"), UserId::new("u4")]).await.unwrap();
    env.store.mark_group_listed(run, &group).await.unwrap();
    let found = env.store.membership_differences(run, None, 10).await.unwrap();
    assert_eq!(found, [UserId::new("u1"), UserId::new("u4")], "g2 was not asked for");
    let rest = env.store.membership_differences(run, Some(&found[0]), 10).await.unwrap();
    assert_eq!(rest, [UserId::new("u4")]);
}

impl TestEnv {
    /// Sends what is staged, and has nothing of it accounted for.
    async fn leave_unconfirmed(&self, run: RunId, second: i64) {
        let id = ExecutionId::new(format!("r{run}"));
        self.store.open_execution(run, &id, at(second)).await.unwrap();
        self.store.confirm(run, &id, &[], "no label", at(second)).await.unwrap();
        self.store
            .end_run(run, &RunReport { executions: 1, ..RunReport::default() }, at(second))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn rejected_record_is_retried_only_alone() {
    let env = test_env().await;
    let bad = user("u1", "", &[]);
    let run = env.run(&[staged(ChangeKind::Create, bad.clone(), 0)]).await;
    env.leave_unconfirmed(run, 1).await;
    // Whatever is read of it next has to be sent: nobody knows what Assets has.
    let known = env.store.record_states(std::slice::from_ref(&bad.key)).await.unwrap();
    assert!(known[&bad.key].resend_pending && !known[&bad.key].retired);
    let run = env
        .run(&[staged(ChangeKind::Update, bad, 5), staged(ChangeKind::Create, user("u2", "b", &[]), 5)])
        .await;
    let ids = |staged: Vec<StagedChange>| staged.into_iter().map(|s| s.record.key.id).collect::<Vec<_>>();
    assert_eq!(ids(env.store.staged(run, None, 10).await.unwrap()), ["u2"]);
    env.confirm(run).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 1);
    let run = env.run(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 6)]).await;
    assert_eq!(ids(env.store.staged(run, None, 10).await.unwrap()), ["u1"]);
    env.confirm(run).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 0);
}

#[tokio::test]
async fn unlisted_objects_include_unconfirmed_ones() {
    let env = test_env().await;
    let run = env.run(&[staged(ChangeKind::Create, user("u1", "", &[]), 0)]).await;
    env.leave_unconfirmed(run, 1).await;
    let run = env.store.begin_run(RunKind::FullSync, at(5)).await.unwrap();
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 1);
    let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
    env.store.stage(run, &[key], &[]).await.unwrap();
    assert_eq!(env.store.count_unlisted(run, ObjectKind::User).await.unwrap(), 0);
}

#[tokio::test]
async fn expired_history_is_deleted() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &[]), 0)]).await;
    env.store.store_delivery("d1", &[event("e1", &[]), event("e2", &[ada()])], at(10)).await.unwrap();
    env.store.delete_expired(at(1000)).await.unwrap();
    assert_eq!(env.store.event_queue_counts().await.unwrap().pending, 1);
    assert_eq!(env.store.runs(10).await.unwrap().len(), 1, "the last full run says how fresh everything is");
    // Forgotten means that it could come again.
    assert_eq!(env.store.store_events(&[event("e1", &[])], at(11)).await.unwrap(), 1);
    assert_eq!(env.store.store_events(&[event("e2", &[ada()])], at(11)).await.unwrap(), 0);
}

#[tokio::test]
async fn request_is_canceled_until_accepted() {
    let env = test_env().await;
    let asked = env.store.request_sync(true, at(1)).await.unwrap();
    assert_eq!(env.store.pending_request_at(at(9)).await.unwrap(), Some(at(1)));
    assert!(env.store.cancel_request(asked.id).await.unwrap());
    assert_eq!(env.store.accept_request().await.unwrap(), None);
    let asked = env.store.request_sync(true, at(2)).await.unwrap();
    env.store.accept_request().await.unwrap();
    assert!(!env.store.cancel_request(asked.id).await.unwrap());
}

#[tokio::test]
async fn attempted_event_is_not_unclaimed() {
    let env = test_env().await;
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

#[tokio::test]
async fn request_is_accepted_once() {
    let env = test_env().await;
    let asked = env.store.request_sync(true, at(1)).await.unwrap();
    assert_eq!(env.store.accept_request().await.unwrap(), Some(asked));
    assert_eq!(env.store.accept_request().await.unwrap(), None);
    let progress = async || env.store.sync_request(asked.id).await.unwrap().unwrap();
    assert_eq!((progress().await.accepted, progress().await.run), (true, None));
    assert_eq!(env.store.pending_request_at(at(1)).await.unwrap(), Some(at(1)));
    assert_eq!(env.store.pending_request_at(at(2)).await.unwrap(), None, "whoever took it may be gone");
    let run = env.store.begin_run(RunKind::FullSync, at(2)).await.unwrap();
    env.store.attach_run(asked.id, run).await.unwrap();
    assert_eq!(env.store.pending_request_at(at(1)).await.unwrap(), None);
    assert_eq!(progress().await.run.map(|r| r.id), Some(run));
    let other = env.store.request_sync(false, at(3)).await.unwrap();
    assert!(!env.store.sync_request(other.id).await.unwrap().unwrap().accepted);
    assert!(env.store.cancel_request(other.id).await.unwrap());
    assert_eq!(env.store.sync_request(other.id).await.unwrap(), None);
}

#[tokio::test]
async fn released_request_is_accepted_again() {
    let env = test_env().await;
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

#[tokio::test]
async fn pause_holds_until_it_ends() {
    let env = test_env().await;
    assert_eq!(env.store.paused_until().await.unwrap(), None);
    env.store.pause(Some(at(100))).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), Some(at(100)));
    env.store.pause(None).await.unwrap();
    assert_eq!(env.store.paused_until().await.unwrap(), None);
}

#[tokio::test]
async fn unconfirmed_record_counts_as_last() {
    let env = test_env().await;
    let alive = user("u1", "ada", &["g1"]);
    env.confirmed(&[staged(ChangeKind::Create, alive.clone(), 0)]).await;
    let marked = user("u1", "marked", &["g2"]);
    let run = env.run(&[staged(ChangeKind::Retire, marked.clone(), 5)]).await;
    env.leave_unconfirmed(run, 6).await;
    let known = env.store.record_states(std::slice::from_ref(&alive.key)).await.unwrap();
    assert!(known[&alive.key].retired && known[&alive.key].resend_pending);
    assert_eq!(env.store.confirmed_record(&alive.key).await.unwrap(), Some(marked));
    for group in ["g1", "g2"] {
        let referring = env.store.referrers(ObjectKind::Group, group).await.unwrap();
        assert_eq!(referring, std::slice::from_ref(&alive.key), "{group}");
    }
    // A later reading that was confirmed counts more.
    let back = user("u1", "back", &[]);
    env.confirmed(&[staged(ChangeKind::Update, back.clone(), 9)]).await;
    assert_eq!(env.store.confirmed_record(&alive.key).await.unwrap(), Some(back));
    assert!(!env.store.record_states(std::slice::from_ref(&alive.key)).await.unwrap()[&alive.key].retired);
}

#[tokio::test]
async fn unconfirmed_memberships_are_always_compared() {
    let env = test_env().await;
    env.confirmed(&[staged(ChangeKind::Create, user("u1", "ada", &["g1"]), 0)]).await;
    let run = env.run(&[staged(ChangeKind::Update, user("u1", "ada", &[]), 5)]).await;
    env.leave_unconfirmed(run, 6).await;
    // It is a member again, as was confirmed once; what was sent last says otherwise.
    let run = env.store.begin_run(RunKind::IncrementalSync, at(10)).await.unwrap();
    let group = GroupId::new("g1");
    env.store.add_listed_groups(run, std::slice::from_ref(&group)).await.unwrap();
    env.store.add_listed_members(run, &group, &[UserId::new("u1")]).await.unwrap();
    env.store.mark_group_listed(run, &group).await.unwrap();
    assert_eq!(env.store.membership_differences(run, None, 10).await.unwrap(), [UserId::new("u1")]);
}
