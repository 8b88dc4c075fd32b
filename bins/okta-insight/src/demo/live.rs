//! Changes in Okta, and their latency until Assets has them.

use std::time::Duration;

use sandbox::ControlClient;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::changes::{Change, Expected, Object, Step, creations, lifecycle};
use crate::failure::{ErrorCode, Failure};

/// The longest latency of a change.
const PATIENCE: Duration = Duration::from_secs(20);
/// The time between two reads of Assets.
const INTERVAL: Duration = Duration::from_millis(5);
/// The number of life cycles in the round of `--exit`.
const ROUND: u64 = 3;

/// The changes so far, and their latencies.
pub(super) struct Live {
    control: ControlClient,
    rounds: u64,
    pub(super) changes: u64,
    pub(super) latencies: Vec<Duration>,
    everyone: String,
    /// A group that users join and leave.
    other: Option<String>,
}

impl Live {
    pub(super) const fn new(control: ControlClient) -> Self {
        Self { control, rounds: 0, changes: 0, latencies: Vec::new(), everyone: String::new(), other: None }
    }

    pub(super) fn all_applied(&self) -> bool {
        self.changes == self.latencies.len() as u64
    }

    /// The latency that this share of the changes stayed below, in milliseconds.
    pub(super) fn percentile(&self, percent: usize) -> f64 {
        let mut sorted = self.latencies.clone();
        sorted.sort();
        let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
        sorted.get(at).map_or(0.0, |latency| (latency.as_secs_f64() * 10_000.0).round() / 10.0)
    }

    /// A few life cycles, one after the other.
    pub(super) async fn round(&mut self, stop: &CancellationToken) -> Result<(), Failure> {
        for _ in 0..ROUND {
            if !stop.is_cancelled() {
                self.live(Duration::ZERO, stop).await?;
            }
        }
        Ok(())
    }

    /// Life cycles until canceled, slow enough to read.
    pub(super) async fn repeat(&mut self, stop: &CancellationToken) -> Result<(), Failure> {
        while !stop.is_cancelled() {
            self.live(Duration::from_secs(2), stop).await?;
        }
        Ok(())
    }

    async fn live(&mut self, pause: Duration, stop: &CancellationToken) -> Result<(), Failure> {
        if self.everyone.is_empty() {
            let groups = self.control.get("/okta/groups").await.map_err(failed)?;
            let everyone =
                groups["groups"].as_array().into_iter().flatten().find(|g| g["type"] == "BUILT_IN");
            everyone.and_then(|g| g["id"].as_str()).unwrap_or_default().clone_into(&mut self.everyone);
            let other = groups["groups"].as_array().into_iter().flatten().find(|g| g["type"] == "OKTA_GROUP");
            self.other = other.and_then(|g| g["id"].as_str()).map(str::to_owned);
        }
        self.rounds += 1;
        let (new_user, new_group) = creations(self.rounds);
        let user = self.create("user created", "user", new_user).await?;
        let group = self.create("group created", "group", new_group).await?;
        for change in lifecycle(self.rounds, &user, &group, self.other.as_deref()) {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(pause) => {}
            }
            self.apply(change).await?;
        }
        Ok(())
    }

    async fn create(
        &mut self,
        name: &'static str,
        kind: &'static str,
        step: Step,
    ) -> Result<String, Failure> {
        let start = Instant::now();
        let made = self.call(&step).await?;
        let id = made["id"].as_str().unwrap_or_default().to_owned();
        let expected = Expected::Value("status".to_owned(), "Okta Active".to_owned());
        self.wait(name, &[((kind, id.clone()), expected)], start).await?;
        Ok(id)
    }

    async fn apply(&mut self, change: Change) -> Result<(), Failure> {
        let start = Instant::now();
        for step in &change.steps {
            self.call(step).await?;
        }
        self.wait(change.name, &change.expected, start).await
    }

    async fn wait(
        &mut self,
        name: &'static str,
        expected: &[(Object, Expected)],
        start: Instant,
    ) -> Result<(), Failure> {
        self.changes += 1;
        let mut left = expected.iter();
        let mut next = left.next();
        while let Some(((kind, id), expected)) = next {
            if start.elapsed() > PATIENCE {
                eprintln!("Live         {name:<42} not in Assets within {} s", PATIENCE.as_secs());
                return Ok(());
            }
            let path = format!("/insight/objects?type=/type/{kind}&identity={id}");
            let found = self.control.get(&path).await.map_err(failed)?;
            if expected.holds(&found["objects"][0], &self.everyone) {
                next = left.next();
            } else {
                tokio::time::sleep(INTERVAL).await;
            }
        }
        let latency = start.elapsed();
        self.latencies.push(latency);
        eprintln!("Live         {name:<42} in Assets after {:>5} ms", latency.as_millis());
        Ok(())
    }

    async fn call(&self, step: &Step) -> Result<Value, Failure> {
        self.control.call(step.method, &step.path, &step.body).await.map_err(failed)
    }
}

// The signature is that of `map_err`.
#[allow(clippy::needless_pass_by_value)]
fn failed(error: reqwest::Error) -> Failure {
    Failure::new(ErrorCode::SandboxFailed, format!("the sandbox did not respond: {error}"))
}
