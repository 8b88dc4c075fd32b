//! The wait for the end of an execution or mapping change.

use std::time::Duration;

use tokio::time::Instant;
use url::Url;

use crate::client::ImportClient;
use crate::error::{Error, Result};
use crate::execution_status::ExecutionState;
use crate::outcome::Outcome;

/// The number of 404 responses in a row after which the execution is unknown.
const UNKNOWN_POLLS: u32 = 5;

/// The limits of a wait for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeLimits {
    /// The first pause between two requests; later ones grow.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// The time limit of the wait. The execution continues after it.
    pub total: Duration,
}

impl Default for OutcomeLimits {
    fn default() -> Self {
        Self {
            first_pause: Duration::from_millis(20),
            longest_pause: Duration::from_secs(5),
            total: Duration::from_hours(1),
        }
    }
}

/// An execution that has everything and works on it.
#[derive(Debug)]
#[must_use = "an execution that was completed may still have dropped records"]
pub struct Processing {
    pub(crate) client: ImportClient,
    pub(crate) status: Url,
}

impl Processing {
    /// Waits for the end.
    ///
    /// # Errors
    /// As [`ImportClient::await_outcome`].
    pub async fn outcome(self, limits: &OutcomeLimits) -> Result<Outcome> {
        await_outcome(&self.client, &self.status, limits).await
    }
}

/// Polls with growing pauses until there is an outcome.
pub(crate) async fn await_outcome(
    client: &ImportClient,
    status: &Url,
    limits: &OutcomeLimits,
) -> Result<Outcome> {
    let mut patience = Patience::new(limits);
    let mut unknown = 0;
    loop {
        match client.status_at(status).await {
            Ok(status) => {
                unknown = 0;
                match status.state {
                    ExecutionState::Done => return Ok(status.outcome),
                    ExecutionState::Cancelled => {
                        return Err(Error::WrongState { state: "canceled".into(), wanted: "finished" });
                    }
                    // An unknown state is one to wait in.
                    ExecutionState::Ingesting | ExecutionState::Processing | ExecutionState::Other(_) => {}
                }
            }
            // A single 404 proves nothing: the execution existed when it was completed.
            Err(error @ Error::NotFound { .. }) => {
                unknown += 1;
                if unknown >= UNKNOWN_POLLS {
                    return Err(error);
                }
            }
            Err(error) => return Err(error),
        }
        patience.pause("the import").await?;
    }
}

/// Pauses that grow, up to a limit for all of them.
pub(crate) struct Patience {
    deadline: Instant,
    pause: Duration,
    limits: OutcomeLimits,
}

impl Patience {
    pub(crate) fn new(limits: &OutcomeLimits) -> Self {
        Self { deadline: Instant::now() + limits.total, pause: limits.first_pause, limits: *limits }
    }

    /// Waits slightly longer than the last time.
    ///
    /// # Errors
    /// [`Error::TimedOut`] when there is no time left.
    pub(crate) async fn pause(&mut self, what: &'static str) -> Result<()> {
        let now = Instant::now();
        if now >= self.deadline {
            return Err(Error::TimedOut { what, seconds: self.limits.total.as_secs() });
        }
        tokio::time::sleep_until((now + self.pause).min(self.deadline)).await;
        self.pause = (self.pause * 3 / 2).min(self.limits.longest_pause);
        Ok(())
    }
}
