//! One execution of an import source, from its start to its outcome.

use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use crate::chunk::Chunk;
use crate::client::{ExecutionLinks, ImportClient};
use crate::error::{Error, Result};
use crate::http::Repeat;
use crate::outcome::Outcome;

/// Where an execution is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    /// Accepts records.
    Ingesting,
    /// Reads and writes them.
    Processing,
    /// Ended, well or badly.
    Done,
    /// Cancelled.
    Cancelled,
    /// Something that this crate does not know, as received.
    Other(String),
}

/// What Assets says of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionStatus {
    /// Its id, when the answer has it.
    pub id: Option<String>,
    /// Where it is.
    pub state: ExecutionState,
    /// What became of the records; of use once it is done.
    pub outcome: Outcome,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusAnswer {
    status: String,
    #[serde(default)]
    execution_id: Option<String>,
    #[serde(default)]
    progress_result: Value,
}

impl ExecutionStatus {
    pub(crate) fn read(answer: &crate::http::Answer) -> Result<Self> {
        let answer: StatusAnswer = answer.json("the status of an execution")?;
        let state = match answer.status.as_str() {
            "INGESTING" => ExecutionState::Ingesting,
            "PROCESSING" => ExecutionState::Processing,
            "DONE" => ExecutionState::Done,
            "CANCELLED" => ExecutionState::Cancelled,
            _ => ExecutionState::Other(answer.status),
        };
        Ok(Self { id: answer.execution_id, state, outcome: Outcome::read(&answer.progress_result) })
    }
}

/// How patiently to wait for an outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutcomeLimits {
    /// The first pause between two looks; later ones grow.
    pub first_pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// When to give up waiting. The execution goes on.
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

/// An execution that accepts records. Nothing of it takes effect before it is completed.
#[derive(Debug)]
#[must_use = "an execution blocks the import source until it is completed or cancelled"]
pub struct Execution {
    client: ImportClient,
    id: String,
    links: ExecutionLinks,
    ingesting: OnceCell<()>,
}

impl Execution {
    pub(crate) fn new(client: ImportClient, id: String, links: ExecutionLinks) -> Self {
        Self { client, id, links, ingesting: OnceCell::new() }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends a chunk; one that is too large goes in halves. Gives the number of chunks sent.
    ///
    /// # Errors
    /// As any call; [`Error::TooLarge`] when a single record is. The execution stays open and can still be cancelled.
    pub async fn submit(&self, chunk: &Chunk) -> Result<u64> {
        self.wait_until_ingesting().await?;
        let mut waiting = vec![chunk.clone()];
        let mut sent = 0;
        while let Some(chunk) = waiting.pop() {
            let body = chunk.to_bytes().map_err(|source| Error::Decode { what: "a chunk", source })?;
            match self.post(body).await {
                Ok(()) => sent += 1,
                Err(error @ Error::TooLarge { .. }) => match chunk.halves() {
                    Some((first, second)) => waiting.extend([second, first]),
                    None => return Err(error),
                },
                Err(error) => return Err(error),
            }
        }
        Ok(sent)
    }

    /// Moves the progress bar that administrators see. Failing does no harm and is not reported.
    pub async fn report_progress(&self, processed: u64, total: u64) {
        if let Some(url) = &self.links.submit_progress {
            let body = json!({ "objects": { "total": total, "processed": processed } }).to_string();
            let sent = self
                .client
                .transport()
                .send("progress", Method::PUT, url, Some(body.into()), Repeat::Safe)
                .await;
            if let Err(error) = sent {
                tracing::debug!(execution = self.id, %error, "progress was not taken");
            }
        }
    }

    /// Says that everything was sent. From here on the execution cannot be called back.
    ///
    /// # Errors
    /// As any call. Assets may have understood nevertheless: ask [`ImportClient::execution_status`].
    pub async fn complete(self) -> Result<Processing> {
        if let Err(error) = self.post(Bytes::from_static(br#"{"completed":true}"#)).await {
            // Where the answer to a first attempt was lost, the second is refused: it has everything already.
            let refused = matches!(error, Error::Refused { .. } | Error::WrongState { .. });
            if !refused || !self.has_everything().await {
                return Err(error);
            }
        }
        Ok(Processing { client: self.client, status: self.links.status })
    }

    async fn has_everything(&self) -> bool {
        let status = self.client.status_at(&self.links.status).await;
        status.is_ok_and(|s| matches!(s.state, ExecutionState::Processing | ExecutionState::Done))
    }

    /// Gives it up: nothing that was sent takes effect. The reason is left in the import history.
    ///
    /// # Errors
    /// As any call.
    pub async fn cancel(self, reason: &str) -> Result<()> {
        self.client.record_failure(&self.links.cancel, reason).await;
        self.client.delete(&self.links.cancel).await
    }

    /// Sends chunks as they come, so many at a time; what is not sent yet is not asked for either. Gives the number of
    /// chunks sent.
    ///
    /// # Errors
    /// The first error of a chunk or of the stream; everything else stops then. The execution stays open: cancel it.
    pub async fn submit_all<E: From<Error>>(
        &self,
        chunks: impl Stream<Item = std::result::Result<Chunk, E>>,
        at_once: usize,
    ) -> std::result::Result<u64, E> {
        self.wait_until_ingesting().await?;
        chunks
            .map(|chunk| async { Ok(self.submit(&chunk?).await?) })
            .buffer_unordered(at_once.max(1))
            .try_fold(0, |sum, sent| std::future::ready(Ok(sum + sent)))
            .await
    }

    async fn post(&self, body: Bytes) -> Result<()> {
        let what = "a chunk of records";
        let answer = self
            .client
            .transport()
            .send(what, Method::POST, &self.links.submit_results, Some(body), Repeat::Safe)
            .await?;
        if answer.status.as_u16() == 409 {
            return Err(Error::WrongState { state: "not accepting records".into(), wanted: "added to" });
        }
        Ok(())
    }

    /// Records that arrive too early leave an execution stuck for good.
    async fn wait_until_ingesting(&self) -> Result<()> {
        self.ingesting.get_or_try_init(|| self.await_ingesting()).await.copied()
    }

    async fn await_ingesting(&self) -> Result<()> {
        const LIMIT: Duration = Duration::from_mins(1);
        let deadline = Instant::now() + LIMIT;
        loop {
            let status = self.client.status_at(&self.links.status).await?;
            match status.state {
                ExecutionState::Ingesting => return Ok(()),
                ExecutionState::Done | ExecutionState::Cancelled | ExecutionState::Processing => {
                    return Err(Error::WrongState {
                        state: format!("{:?}", status.state),
                        wanted: "added to",
                    });
                }
                ExecutionState::Other(_) if Instant::now() >= deadline => {
                    return Err(Error::TimedOut {
                        what: "the start of the execution",
                        seconds: LIMIT.as_secs(),
                    });
                }
                ExecutionState::Other(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }
}

/// An execution that has everything and works on it.
#[derive(Debug)]
#[must_use = "an execution that was completed may still have dropped records"]
pub struct Processing {
    client: ImportClient,
    status: Url,
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

/// Asks, less and less often, until there is an outcome.
pub(crate) async fn await_outcome(
    client: &ImportClient,
    status: &Url,
    limits: &OutcomeLimits,
) -> Result<Outcome> {
    let mut patience = Patience::new(limits);
    loop {
        let status = client.status_at(status).await?;
        match status.state {
            ExecutionState::Done => return Ok(status.outcome),
            ExecutionState::Cancelled => {
                return Err(Error::WrongState { state: "cancelled".into(), wanted: "finished" });
            }
            // An unknown state is one to wait in.
            ExecutionState::Ingesting | ExecutionState::Processing | ExecutionState::Other(_) => {}
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

    /// Waits a little longer than the last time.
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
