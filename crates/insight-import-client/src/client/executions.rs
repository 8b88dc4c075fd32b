//! Starting executions, and finding those that were started before.

use ::http::Method;
use serde_json::{Value, json};
use url::Url;

use super::links::{ExecutionLinks, SourceLinks};
use super::source::{ImportClient, SourceStatus};
use crate::error::{Error, Result};
use crate::execution::Execution;
use crate::execution_status::{ExecutionState, ExecutionStatus};
use crate::http::{Answer, Repeat, below};
use crate::outcome::Outcome;
use crate::text::one_line;
use crate::wait::{OutcomeLimits, Patience, await_outcome};

/// The number of times that a response about an unknown execution is checked again.
const NOT_FOUND_RETRIES: u32 = 3;

impl ImportClient {
    /// Starts an execution.
    ///
    /// # Errors
    /// [`Error::InProgress`], [`Error::Disabled`], and [`Error::MissingMapping`] if Assets rejects the start;
    /// [`Error::StartResultUnknown`] if the response was lost; and as any call.
    pub async fn start(&self) -> Result<Execution> {
        const WHAT: &str = "the start of an execution";
        let answer =
            match self.at_source(WHAT, Method::POST, |links| links.start.clone(), Repeat::Unsafe).await {
                Err(error) if error.is_unclear() => {
                    return Err(Error::StartResultUnknown { execution: self.accepting().await });
                }
                answer => answer?,
            };
        if answer.status.as_u16() == 409 {
            return Err(start_refused(&answer));
        }
        let links = ExecutionLinks::read(self.transport(), &answer)?;
        let id = links.id();
        *self.latest() = Some((id.clone(), links.clone()));
        Ok(Execution::new(self.clone(), id, links))
    }

    /// An earlier execution that still accepts records, to add to it, complete it, or cancel it.
    ///
    /// # Errors
    /// As any call.
    pub async fn resume(&self, id: &str) -> Result<Execution> {
        Ok(Execution::new(self.clone(), id.to_owned(), self.links_of(id).await?))
    }

    /// The state of an execution; `None` if it doesn't exist. One 404 isn't sufficient: the request is repeated. If the import
    /// source is busy, an unknown execution still exists.
    ///
    /// # Errors
    /// As any call; [`Error::InProgress`] if the execution is unknown and the import source is busy.
    pub async fn execution_status(&self, id: &str) -> Result<Option<ExecutionStatus>> {
        let url = self.links_of(id).await?.status;
        let mut retries = 0;
        loop {
            match self.status_at(&url).await {
                Ok(status) => return Ok(Some(status)),
                Err(Error::NotFound { .. }) if retries < NOT_FOUND_RETRIES => {
                    retries += 1;
                    tokio::time::sleep(crate::http::backoff(retries)).await;
                }
                Err(Error::NotFound { .. }) => {
                    return match self.config_status().await?.status {
                        SourceStatus::Running => Err(Error::InProgress),
                        _ => Ok(None),
                    };
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for the end of an execution that was completed before, for example by a process that has ended.
    ///
    /// # Errors
    /// As any call; [`Error::TimedOut`] when it exceeds the time limit, and [`Error::WrongState`] when it was
    /// canceled.
    pub async fn await_outcome(&self, id: &str, limits: &OutcomeLimits) -> Result<Outcome> {
        await_outcome(self, &self.links_of(id).await?.status, limits).await
    }

    /// Waits until no execution runs, including those of other programs.
    ///
    /// # Errors
    /// As any call; [`Error::TimedOut`] when it exceeds the time limit, [`Error::Disabled`] and
    /// [`Error::MissingMapping`] when no execution can start.
    pub async fn await_idle(&self, limits: &OutcomeLimits) -> Result<()> {
        let mut patience = Patience::new(limits);
        loop {
            match self.config_status().await?.status {
                SourceStatus::Idle => return Ok(()),
                SourceStatus::Disabled => return Err(Error::Disabled),
                SourceStatus::MissingMapping => return Err(Error::MissingMapping),
                SourceStatus::Running | SourceStatus::Other(_) => {}
            }
            patience.pause("the running execution").await?;
        }
    }

    /// The state of the latest execution; `None` if there was none.
    ///
    /// # Errors
    /// As any call.
    pub async fn latest_execution(&self) -> Result<Option<ExecutionStatus>> {
        let at = |links: &SourceLinks| below(&links.source, &["executions", "status"]);
        let answer = self.at_source("the latest execution", Method::GET, at, Repeat::Safe).await;
        found(answer.and_then(|answer| ExecutionStatus::read(&answer)))
    }

    /// Cancels an execution by ID. The import history contains the reason.
    ///
    /// # Errors
    /// As any call; a completed execution can't be canceled.
    pub async fn cancel_execution(&self, id: &str, reason: &str) -> Result<()> {
        let links = self.links_of(id).await?;
        self.record_failure(&links.cancel, reason).await;
        self.delete(&links.cancel).await
    }

    /// Cancels the running execution. Returns false if there was none.
    ///
    /// # Errors
    /// As any call; a completed execution can't be canceled.
    pub async fn cancel_running(&self) -> Result<bool> {
        let status = self.config_status().await?;
        if status.status != SourceStatus::Running {
            return Ok(false);
        }
        let url = if let Some(link) = &status.cancel {
            self.transport().link("cancel", Some(link))?
        } else {
            let latest = self.latest_execution().await?.and_then(|latest| latest.id);
            self.links_of(&latest.ok_or(Error::NotFound {
                what: "the running execution",
                message: "Assets returned no execution ID".into(),
            })?)
            .await?
            .cancel
        };
        self.delete(&url).await?;
        Ok(true)
    }

    pub(crate) async fn status_at(&self, url: &Url) -> Result<ExecutionStatus> {
        ExecutionStatus::read(&self.get("the status of an execution", url).await?)
    }

    pub(crate) async fn delete(&self, execution: &Url) -> Result<()> {
        let what = "canceling an execution";
        let answer = self.transport().send(what, Method::DELETE, execution, None, Repeat::Safe).await?;
        if answer.status.as_u16() == 409 {
            return Err(Error::WrongState { state: "completed".into(), wanted: "canceled" });
        }
        Ok(())
    }

    /// Adds a reason to the import history. If this fails, the execution is canceled nevertheless.
    pub(crate) async fn record_failure(&self, execution: &Url, reason: &str) {
        let url = below(execution, &["history", "failed"]);
        let body = json!({ "failureReason": reason }).to_string();
        let sent =
            self.transport().send("a failure", Method::POST, &url, Some(body.into()), Repeat::Safe).await;
        if let Err(error) = sent {
            tracing::debug!(%error, "could not record the failure");
        }
    }

    /// The execution that accepts records, if the latest one does. A new execution may be visible only later.
    async fn accepting(&self) -> Option<String> {
        for attempt in 1..=NOT_FOUND_RETRIES {
            match self.latest_execution().await {
                Ok(Some(latest)) if latest.state == ExecutionState::Ingesting && latest.id.is_some() => {
                    return latest.id;
                }
                Ok(_) => tokio::time::sleep(crate::http::backoff(attempt)).await,
                Err(_) => return None,
            }
        }
        None
    }

    async fn links_of(&self, id: &str) -> Result<ExecutionLinks> {
        let known = self.latest().as_ref().filter(|(latest, _)| latest == id).map(|(_, links)| links.clone());
        match known {
            Some(links) => Ok(links),
            None => Ok(ExecutionLinks::of(&self.links().await?, id)),
        }
    }

    fn latest(&self) -> std::sync::MutexGuard<'_, Option<(String, ExecutionLinks)>> {
        self.inner.latest.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn start_refused(answer: &Answer) -> Error {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    match body.get("errorCode").and_then(Value::as_str) {
        Some("IN_PROGRESS") => Error::InProgress,
        Some("DISABLED") => Error::Disabled,
        Some("MISSING_MAPPING") => Error::MissingMapping,
        code => Error::Api {
            what: "the start of an execution",
            status: 409,
            message: one_line(code.unwrap_or("no reason given")),
        },
    }
}
