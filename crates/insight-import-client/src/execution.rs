//! One execution of an import source, from its start to its outcome.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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

/// The most records that are refused one by one, one after the other, before anything of the execution was accepted: from
/// then on the refusal concerns more than records.
const REFUSED_FROM_THE_START: usize = 20;
/// The same once something was accepted.
const REFUSED_IN_A_ROW: usize = 500;
/// The most polls in a row that may be answered with 404 before the execution counts as unknown.
const UNKNOWN_POLLS: u32 = 5;

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

/// A record that Assets refuses over HTTP although it was sent alone.
#[derive(Debug)]
pub struct RefusedRecord {
    /// The selector that it was sent under.
    pub selector: String,
    /// The record.
    pub record: Value,
    /// The size of the request that held it alone, in bytes.
    pub bytes: usize,
    /// The refusal: [`Error::Refused`], [`Error::TooLarge`], or [`Error::InvalidMapping`].
    pub error: Error,
}

/// The result of sending records.
#[derive(Debug, Default)]
pub struct Submitted {
    /// The number of chunks that were accepted.
    pub chunks: u64,
    /// Records that are not part of the execution: Assets refuses each of them alone.
    pub refused: Vec<RefusedRecord>,
    /// The size of the smallest request that was too large, in bytes.
    pub too_large: Option<usize>,
}

impl Submitted {
    fn add(mut self, other: Self) -> Self {
        self.chunks += other.chunks;
        self.refused.extend(other.refused);
        self.too_large = self.too_large.into_iter().chain(other.too_large).min();
        self
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
    /// True if records were accepted.
    accepted: AtomicBool,
    /// Records that were refused alone since the last acceptance.
    refused_in_a_row: AtomicUsize,
}

impl Execution {
    pub(crate) fn new(client: ImportClient, id: String, links: ExecutionLinks) -> Self {
        Self {
            client,
            id,
            links,
            ingesting: OnceCell::new(),
            accepted: AtomicBool::default(),
            refused_in_a_row: AtomicUsize::default(),
        }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends a chunk. One that Assets refuses (400, 413, 422) goes in halves, until the records that are refused are alone;
    /// those are left out and named in the result, and the others are part of the execution.
    ///
    /// # Errors
    /// As any call, and the refusal itself when Assets refuses everything. The execution stays open and can still be
    /// cancelled.
    pub async fn submit(&self, chunk: &Chunk) -> Result<Submitted> {
        self.wait_until_ingesting().await?;
        let mut waiting = vec![chunk.clone()];
        let mut submitted = Submitted::default();
        while let Some(chunk) = waiting.pop() {
            let body = chunk.to_bytes().map_err(|source| Error::Decode { what: "a chunk", source })?;
            let bytes = body.len();
            let error = match self.post(body).await {
                Ok(()) => {
                    self.accepted.store(true, Ordering::Relaxed);
                    self.refused_in_a_row.store(0, Ordering::Relaxed);
                    submitted.chunks += 1;
                    continue;
                }
                Err(error) if error.is_about_records() => error,
                Err(error) => return Err(error),
            };
            if matches!(error, Error::TooLarge { .. }) {
                submitted.too_large = Some(submitted.too_large.map_or(bytes, |known| known.min(bytes)));
            }
            if let Some((first, second)) = chunk.halves() {
                waiting.extend([second, first]);
                continue;
            }
            let in_a_row = self.refused_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
            let accepted = self.has_records();
            if in_a_row >= if accepted { REFUSED_IN_A_ROW } else { REFUSED_FROM_THE_START } {
                return Err(error);
            }
            let alone = chunk.into_records().next();
            submitted.refused.extend(alone.map(|(selector, record)| RefusedRecord {
                selector,
                record,
                bytes,
                error,
            }));
        }
        Ok(submitted)
    }

    /// Sends one record. `false` when Assets refuses it (400, 413, 422), which leaves the execution as it is.
    ///
    /// # Errors
    /// As any call.
    pub async fn submit_record(&self, selector: &str, record: Value) -> Result<bool> {
        self.wait_until_ingesting().await?;
        let body = Chunk::new(selector, [record]).to_bytes();
        let body = body.map_err(|source| Error::Decode { what: "a chunk", source })?;
        match self.post(body).await {
            Ok(()) => {
                self.accepted.store(true, Ordering::Relaxed);
                Ok(true)
            }
            Err(error) if error.is_about_records() => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// True if Assets accepted records: without any there is nothing to complete.
    pub fn has_records(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
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

    /// Sends chunks as they come, so many at a time; what is not sent yet is not asked for either.
    ///
    /// # Errors
    /// The first error of a chunk or of the stream; everything else stops then. The execution stays open: cancel it.
    pub async fn submit_all<E: From<Error>>(
        &self,
        chunks: impl Stream<Item = std::result::Result<Chunk, E>>,
        at_once: usize,
    ) -> std::result::Result<Submitted, E> {
        self.wait_until_ingesting().await?;
        chunks
            .map(|chunk| async { Ok(self.submit(&chunk?).await?) })
            .buffer_unordered(at_once.max(1))
            .try_fold(Submitted::default(), |sum, sent| std::future::ready(Ok(sum.add(sent))))
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
    let mut unknown = 0;
    loop {
        match client.status_at(status).await {
            Ok(status) => {
                unknown = 0;
                match status.state {
                    ExecutionState::Done => return Ok(status.outcome),
                    ExecutionState::Cancelled => {
                        return Err(Error::WrongState { state: "cancelled".into(), wanted: "finished" });
                    }
                    // An unknown state is one to wait in.
                    ExecutionState::Ingesting | ExecutionState::Processing | ExecutionState::Other(_) => {}
                }
            }
            // One such answer proves nothing: the execution was there when it was completed.
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
