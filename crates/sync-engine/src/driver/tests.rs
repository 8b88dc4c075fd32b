//! A driver on paused time: when it activates tasks, and what it reports.

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::domain::alert::AlertStatus;
use crate::domain::finding::fact::Fact;
use crate::domain::severity::Severity;
use crate::domain::task::Task;
use crate::driver::task::{FailedActivation, PATIENCE};
use crate::testing::RecordingAlerts;

const PERIOD: Duration = Duration::from_secs(10);

/// A clock that agrees with the paused time of the test.
struct PausedClock(Instant);

impl Clock for PausedClock {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH + SignedDuration::try_from(self.0.elapsed()).unwrap()
    }
}

struct TestEnv {
    driver: TaskDriver,
    alerts: Arc<RecordingAlerts>,
    stop: CancellationToken,
    began_at: Instant,
}

impl TestEnv {
    fn start() -> Self {
        let (alerts, began_at) = (Arc::new(RecordingAlerts::default()), Instant::now());
        let driver = TaskDriver::new(alerts.clone(), Arc::new(PausedClock(began_at)));
        Self { driver, alerts, stop: CancellationToken::new(), began_at }
    }

    /// Runs a task for a time.
    async fn run(&self, spec: TaskSpec<'_>, task: &mut Scripted, time: Duration) {
        let ending = async {
            tokio::time::sleep(time).await;
            self.stop.cancel();
        };
        tokio::join!(self.driver.run(spec, task, &self.stop), ending);
    }

    fn status(&self) -> TaskStatus {
        let [status] = <[TaskStatus; 1]>::try_from(self.driver.statuses()).unwrap();
        status
    }
}

/// A task whose activations end as scripted, with the times and reasons of its activations in seconds.
struct Scripted {
    began_at: Instant,
    work: Box<dyn FnMut(u64) -> Activated + Send>,
    duration: Duration,
    ends_in_order: bool,
    seen: Vec<(f64, ActivationReason)>,
}

impl Scripted {
    fn new(env: &TestEnv, work: impl FnMut(u64) -> Activated + Send + 'static) -> Self {
        Self {
            began_at: env.began_at,
            work: Box::new(work),
            duration: Duration::ZERO,
            ends_in_order: false,
            seen: Vec::new(),
        }
    }

    fn lasting(self, duration: Duration) -> Self {
        Self { duration, ..self }
    }
}

#[async_trait]
impl BackgroundTask for Scripted {
    async fn activate(&mut self, reason: ActivationReason, _: &CancellationToken) -> Activated {
        self.seen.push((self.began_at.elapsed().as_secs_f64(), reason));
        tokio::time::sleep(self.duration).await;
        (self.work)(self.seen.len() as u64)
    }

    fn ends_in_order(&self) -> bool {
        self.ends_in_order
    }
}

fn failure(task: Task) -> Activated {
    let failed = FailedActivation::quiet(task, "no answer".to_owned(), None);
    Activated::failed(FailedActivation { alert: task.kind(), patience: PATIENCE, ..failed })
}

#[tokio::test(start_paused = true)]
async fn period_counts_from_the_end() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |_| Activated::Done).lasting(Duration::from_secs(2));
    env.run(TaskSpec::every(Task::Sync, PERIOD), &mut task, Duration::from_secs(25)).await;
    let reasons = [ActivationReason::Start, ActivationReason::Period, ActivationReason::Period];
    assert_eq!(task.seen, [0.0, 12.0, 24.0].into_iter().zip(reasons).collect::<Vec<_>>());
    let status = env.status();
    assert_eq!((status.task, status.period_seconds, status.activations), (Task::Sync, Some(10.0), 3));
    let last = status.last.unwrap();
    assert_eq!((last.outcome, last.duration_seconds), (TaskOutcome::Interrupted, 1.0), "it was canceled");
}

#[tokio::test(start_paused = true)]
async fn wake_activates_within_milliseconds() {
    let env = TestEnv::start();
    let wake = Wake::default();
    let mut task = Scripted::new(&env, |_| Activated::Done);
    let spec = TaskSpec::every(Task::Sync, Duration::from_hours(1)).woken_by(&wake);
    let waking = async {
        tokio::time::sleep(Duration::from_secs(7)).await;
        wake.now();
    };
    tokio::join!(env.run(spec, &mut task, Duration::from_secs(7) + Duration::from_millis(10)), waking);
    assert_eq!(task.seen[1..], [(7.0, ActivationReason::Woken)]);
    let last = env.status().last.unwrap();
    assert_eq!((last.reason, last.outcome), (ActivationReason::Woken, TaskOutcome::Succeeded));
    assert_eq!(last.started_at, Timestamp::UNIX_EPOCH + SignedDuration::from_secs(7));
}

#[tokio::test(start_paused = true)]
async fn pauses_between_retries_grow() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |n| if n < 5 { failure(Task::EventFeed) } else { Activated::Done });
    env.run(TaskSpec::every(Task::EventFeed, PERIOD), &mut task, Duration::from_secs(30)).await;
    let times: Vec<f64> = task.seen.iter().map(|(at, _)| *at).collect();
    assert_eq!(times, [0.0, 1.0, 3.0, 7.0, 15.0, 25.0]);
    assert_eq!((task.seen[4].1, task.seen[5].1), (ActivationReason::Retry, ActivationReason::Period));
    assert_eq!((env.status().failures, env.alerts.failures().len()), (0, 4));
    assert_eq!(env.alerts.alerts(), [], "it recovered before patience ended");
}

#[tokio::test(start_paused = true)]
async fn lasting_failure_raises_one_alert() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |n| if n < 14 { failure(Task::EventFeed) } else { Activated::Done });
    env.run(TaskSpec::every(Task::EventFeed, PERIOD), &mut task, Duration::from_mins(20)).await;
    let alerts = env.alerts.alerts();
    let states: Vec<_> = alerts.iter().map(|alert| (alert.status, alert.started_at)).collect();
    let began_at = Timestamp::UNIX_EPOCH;
    assert_eq!(states, [(AlertStatus::Firing, began_at), (AlertStatus::Resolved, began_at)]);
    let failures = env.alerts.failures();
    assert_eq!((failures[0].finding.severity, failures[12].finding.severity), {
        (Severity::Warning, Severity::Error)
    });
    assert!(matches!(failures[12].finding.fact, Fact::TaskFailing { occurrences: 13, .. }));
}

#[tokio::test(start_paused = true)]
async fn failure_stays_while_nothing_is_due() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |n| if n == 1 { failure(Task::Sync) } else { Activated::NothingDue });
    env.run(TaskSpec::every(Task::Sync, PERIOD), &mut task, Duration::from_secs(5)).await;
    let status = env.status();
    assert_eq!((status.activations, status.failures, status.running), (5, 1, None), "{:?}", task.seen);
    let last = status.last.unwrap();
    assert_eq!((last.outcome, last.reason), (TaskOutcome::Failed, ActivationReason::Start));
    assert!(matches!(last.finding.unwrap().fact, Fact::TaskFailing { task: Task::Sync, .. }));
}

#[tokio::test(start_paused = true)]
async fn once_ends_with_first_success() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |n| if n < 3 { failure(Task::Recovery) } else { Activated::Done });
    env.driver.run(TaskSpec::once(Task::Recovery), &mut task, &env.stop).await;
    assert_eq!(task.seen.len(), 3);
    assert_eq!(env.status().last.unwrap().outcome, TaskOutcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn orderly_task_is_not_canceled() {
    let env = TestEnv::start();
    let work = |_| Activated::Done;
    let mut task = Scripted { ends_in_order: true, ..Scripted::new(&env, work).lasting(PERIOD) };
    env.run(TaskSpec::every(Task::Events, PERIOD), &mut task, Duration::from_secs(1)).await;
    assert_eq!(env.began_at.elapsed(), PERIOD);
    assert_eq!(env.status().last.unwrap().outcome, TaskOutcome::Succeeded);
}

#[tokio::test(start_paused = true)]
async fn dropped_activation_is_interrupted() {
    let env = TestEnv::start();
    let mut task = Scripted::new(&env, |_| Activated::Done).lasting(Duration::from_hours(1));
    let running = env.driver.run(TaskSpec::every(Task::Events, PERIOD), &mut task, &env.stop);
    let looking = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        env.status()
    };
    let status = tokio::select! {
        () = running => None,
        status = looking => Some(status),
    };
    let running = status.and_then(|status| status.running).unwrap();
    assert_eq!((running.reason, running.started_at), (ActivationReason::Start, Timestamp::UNIX_EPOCH));
    let status = env.status();
    let last = status.last.unwrap();
    assert_eq!((status.running, last.outcome), (None, TaskOutcome::Interrupted));
    assert_eq!(Duration::from_secs_f64(last.duration_seconds), Duration::from_secs(3));
}

#[tokio::test(start_paused = true)]
async fn unproven_check_raises_no_alert() {
    let env = TestEnv::start();
    let quiet = |_| Activated::failed(FailedActivation::quiet(Task::EventHookCheck, "denied".into(), None));
    let mut task = Scripted::new(&env, quiet);
    let spec = TaskSpec::every(Task::EventHookCheck, PERIOD).without_retries();
    env.run(spec, &mut task, Duration::from_secs(15)).await;
    assert_eq!(task.seen.len(), 2, "it waits for the period");
    let status = env.status();
    assert_eq!((status.failures, status.last.unwrap().outcome), (0, TaskOutcome::Failed));
    assert!(env.alerts.failures().is_empty() && env.alerts.alerts().is_empty());
}
