//! Records that an importer drops or refuses are found in few executions, and the others are confirmed on the way.

use std::collections::BTreeMap;

use sync_model::{ExecutionId, ObjectKind, RecordKey, RunId};

use crate::domain::import::RejectedRecord;
use crate::domain::report::RunReport;
use crate::domain::run_kind::RunKind;
use crate::domain::staged::{ChangeKind, StagedChange};
use crate::ports::state_store::StateStore;
use crate::testing::conformance::support::TestEnv;
use crate::testing::samples::{at, staged, user};

impl TestEnv<'_> {
    /// Completes the execution of a run as an importer would that drops some records and says something.
    async fn outcome(&self, run: RunId, bad: &[&str], said: &str, second: i64) -> u64 {
        let sent = self.store.staged(run, None, 10_000).await.unwrap();
        let dropped = sent.iter().filter(|s| bad.contains(&s.record.key.id.as_str())).count() as u64;
        let id = ExecutionId::new(format!("x{run}"));
        self.store.open_execution(run, &id, at(second)).await.unwrap();
        let confirmed: &[ObjectKind] = if dropped == 0 { &ObjectKind::ALL } else { &[] };
        self.store.confirm(run, &id, confirmed, said, at(second)).await.unwrap();
        if dropped > 0 {
            let known = BTreeMap::from([(ObjectKind::User, Some(dropped))]);
            self.store.isolate(run, &known, said, at(second)).await.unwrap();
        }
        let report = RunReport { executions: 1, ..RunReport::default() };
        self.store.end_run(run, &report, at(second)).await.unwrap();
        sent.len() as u64
    }

    /// Sends until nothing is due. Gives the number of executions after which all but the bad ones were confirmed, and
    /// how many there were.
    async fn play(&self, count: usize, bad: &[&str], said: &str) -> (usize, usize) {
        let changes: Vec<StagedChange> =
            (0..count).map(|n| staged(ChangeKind::Create, user(&format!("u{n:03}"), "x", &[]), 0)).collect();
        let run = self.run(&changes).await;
        self.outcome(run, bad, said, 1).await;
        let (mut executions, mut good) = (1, None);
        loop {
            if good.is_none()
                && self.store.event_queue_counts().await.unwrap().unconfirmed_records == bad.len() as u64
            {
                good = Some(executions);
            }
            let run = self.store.begin_run(RunKind::Retry, at(1)).await.unwrap();
            if self.store.stage_retries(run, at(1)).await.unwrap() == 0 {
                return (good.unwrap(), executions);
            }
            self.outcome(run, bad, said, 1).await;
            executions += 1;
        }
    }
}

pub async fn named_record_costs_two_executions(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (good, all) = env.play(700, &["u412"], "u412: the value of Login is not valid").await;
    assert_eq!((good, all), (2, 3));
    let first = &env.store.unconfirmed(1).await.unwrap()[0];
    assert_eq!(first.key.id, "u412");
    assert!(first.reason.contains("Login"));
}

pub async fn unnamed_record_costs_a_logarithm(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (good, all) = env.play(700, &["u412"], "").await;
    assert!(good <= 11 && all <= 12, "{good} {all}");
    assert_eq!(env.store.unconfirmed(9).await.unwrap().len(), 1);
}

pub async fn two_unnamed_records_are_both_found(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let (good, all) = env.play(300, &["u003", "u250"], "").await;
    assert!(good <= 25 && all <= 25, "{good} {all}");
    let ids: Vec<String> = env.store.unconfirmed(9).await.unwrap().into_iter().map(|u| u.key.id).collect();
    assert_eq!(ids, ["u003", "u250"]);
}

pub async fn second_failure_alone_rejects_record(store: &dyn StateStore) {
    let env = &TestEnv { store };
    env.play(9, &["u004"], "").await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().rejected_records, 0, "once may be chance");
    let run = env.store.begin_run(RunKind::Retry, at(2)).await.unwrap();
    assert_eq!(env.store.stage_retries(run, at(2)).await.unwrap(), 1);
    env.outcome(run, &["u004"], "", 2).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().rejected_records, 1);
    assert!(env.store.unconfirmed(1).await.unwrap()[0].rejected);
    assert_eq!(env.store.next_retry().await.unwrap(), Some(at(12)));
    // Another version of it goes with the others again.
    let run = env.run(&[staged(ChangeKind::Create, user("u004", "repaired", &[]), 3)]).await;
    env.confirm(run).await;
    assert_eq!(env.store.event_queue_counts().await.unwrap().unconfirmed_records, 0);
}

pub async fn rejected_record_is_excluded_from_counts(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes: Vec<StagedChange> =
        ["u1", "u2"].map(|id| staged(ChangeKind::Create, user(id, "x", &[]), 0)).to_vec();
    let run = env.run(&changes).await;
    let key = RecordKey { kind: ObjectKind::User, id: "u1".into() };
    let rejected = RejectedRecord { key, reason: "no such option".into(), partly_sent: false };
    env.store.reject(run, &[rejected], at(1)).await.unwrap();
    assert_eq!(env.store.staged_counts(run).await.unwrap().values().sum::<u64>(), 1);
    env.confirm(run).await;
    let left = env.store.unconfirmed(9).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(left[0].rejected && left[0].reason == "no such option", "{left:?}");
    assert_eq!(env.store.event_queue_counts().await.unwrap().rejected_records, 1);
}

pub async fn proven_records_are_confirmed(store: &dyn StateStore) {
    let env = &TestEnv { store };
    let changes: Vec<StagedChange> =
        ["u1", "u2", "u3"].map(|id| staged(ChangeKind::Create, user(id, "x", &[]), 0)).to_vec();
    let run = env.run(&changes).await;
    let key = |id: &str| RecordKey { kind: ObjectKind::User, id: id.into() };
    env.store.open_execution(run, &ExecutionId::new("x"), at(1)).await.unwrap();
    env.store.prove(run, &[key("u1"), key("u3")]).await.unwrap();
    // They count as sent for a process that is cut off here.
    assert_eq!(env.store.staged_counts(run).await.unwrap().values().sum::<u64>(), 3);
    env.store.confirm(run, &ExecutionId::new("x"), &[], "lost", at(1)).await.unwrap();
    env.store.isolate(run, &BTreeMap::from([(ObjectKind::User, Some(1))]), "", at(1)).await.unwrap();
    assert_eq!(env.store.object_counts().await.unwrap()[&ObjectKind::User].current, 2);
    let left = env.store.unconfirmed(9).await.unwrap();
    assert_eq!(left.iter().map(|u| u.key.id.as_str()).collect::<Vec<_>>(), ["u2"]);
}
