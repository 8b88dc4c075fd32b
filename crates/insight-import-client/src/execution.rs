//! One execution of an import source, from its start to its outcome.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use http::Method;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::chunk::{Chunk, Rows};
use crate::client::{ExecutionLinks, ImportClient};
use crate::error::{Error, Result};
use crate::execution_status::ExecutionState;
use crate::http::Repeat;
use crate::wait::Processing;

/// The number of rejections in a row, before the first accepted record, after which the rejection concerns more than
/// records.
const MAX_INITIAL_REJECTIONS: usize = 20;
/// The same once something was accepted.
const MAX_CONSECUTIVE_REJECTIONS: usize = 500;
/// A record that Assets rejects even when it is sent alone.
#[derive(Debug)]
pub struct RefusedRecord {
    /// The selector.
    pub selector: String,
    /// The rows of the record; one, unless it was sent in several.
    pub rows: Vec<Value>,
    /// The size of the request with only this record, in bytes.
    pub bytes: usize,
    /// The error: [`Error::Api`], [`Error::TooLarge`], or [`Error::InvalidMapping`].
    pub error: Error,
}

/// The result of sending records.
#[derive(Debug, Default)]
pub struct Submitted {
    /// The number of chunks that were accepted.
    pub chunks: u64,
    /// Rejected records, which aren't part of the execution.
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

/// An execution that accepts records. Records have no effect until it is completed.
#[derive(Debug)]
#[must_use = "an execution blocks the import source until it is completed or canceled"]
pub struct Execution {
    client: ImportClient,
    id: String,
    links: ExecutionLinks,
    ingesting: OnceCell<()>,
    /// True if records were accepted.
    accepted: AtomicBool,
    /// Records that were rejected alone since the last acceptance.
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

    /// The ID.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Sends a chunk. If Assets rejects it (400, 413, 422), it is sent in halves until each rejected record is alone. The
    /// result contains the rejected records; all others are part of the execution.
    ///
    /// # Errors
    /// As any call, and the rejection if Assets rejects all records. The execution stays open and can still be canceled.
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
            if in_a_row >= if accepted { MAX_CONSECUTIVE_REJECTIONS } else { MAX_INITIAL_REJECTIONS } {
                return Err(error);
            }
            let alone = chunk.into_records().next();
            submitted.refused.extend(alone.map(|Rows { selector, rows }| RefusedRecord {
                selector,
                rows,
                bytes,
                error,
            }));
        }
        Ok(submitted)
    }

    /// Sends one record, in one row or several. Returns false if Assets rejects it (400, 413, 422), which doesn't change
    /// the execution.
    ///
    /// # Errors
    /// As any call.
    pub async fn submit_record(&self, selector: &str, rows: Vec<Value>) -> Result<bool> {
        self.wait_until_ingesting().await?;
        let body = Chunk::of_rows(selector, rows).to_bytes();
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

    /// True if Assets accepted records. Without records, there is nothing to complete.
    pub fn has_records(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Updates the progress bar in Assets. A failure has no effect and isn't reported.
    pub async fn report_progress(&self, processed: u64, total: u64) {
        if let Some(url) = &self.links.submit_progress {
            let body = json!({ "objects": { "total": total, "processed": processed } }).to_string();
            let sent = self
                .client
                .transport()
                .send("progress", Method::PUT, url, Some(body.into()), Repeat::Safe)
                .await;
            if let Err(error) = sent {
                tracing::debug!(execution = self.id, %error, "could not report the progress");
            }
        }
    }

    /// Reports that all records were sent. After that, the execution can't be canceled.
    ///
    /// # Errors
    /// As any call. Assets may still have received it: check [`ImportClient::execution_status`].
    pub async fn complete(self) -> Result<Processing> {
        if let Err(error) = self.post(Bytes::from_static(br#"{"completed":true}"#)).await {
            // If the response to the first attempt was lost, Assets rejects the second one: the execution is already
            // complete.
            let refused = matches!(error, Error::Api { .. } | Error::WrongState { .. });
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

    /// Cancels the execution, so the sent records have no effect. The import history contains the reason.
    ///
    /// # Errors
    /// As any call.
    pub async fn cancel(self, reason: &str) -> Result<()> {
        self.client.record_failure(&self.links.cancel, reason).await;
        self.client.delete(&self.links.cancel).await
    }

    /// Sends the chunks of a stream, up to `at_once` in parallel, and reads no further ahead.
    ///
    /// # Errors
    /// The first error of a chunk or of the stream, which stops the rest. The execution stays open: cancel it.
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
