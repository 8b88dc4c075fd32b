//! Executions: one at a time, taking chunks, then working on them.

use std::sync::Arc;

use axum::response::Response;
use futures::FutureExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;
use uuid::Uuid;

use super::execution::{Execution, Stage};
use super::import::Fate;
use super::refusal;
use super::reply::{empty, link, not_found, problem, reply};
use super::site::{Site, State};
use crate::faults::{Fault, Hold};

impl State {
    /// The execution that another one has to wait for.
    pub(super) fn under_way(&self) -> Option<&str> {
        self.executions.iter().find(|e| e.is_under_way()).map(|e| e.id.as_str())
    }

    /// The number of ended executions, and of all chunks.
    pub(super) fn work_done(&self) -> (usize, u64) {
        let done = self.executions.iter().filter(|e| e.stage == Stage::Done).count();
        (done, self.executions.iter().map(|e| e.chunk_count).sum())
    }

    /// Every execution, the oldest first.
    pub(super) fn history(&self) -> Value {
        self.executions.iter().map(Execution::history).collect()
    }
}

pub(super) fn start(site: &Site) -> Response {
    let refuse = |code: &str| reply(409, &json!({ "result": "error", "errorCode": code }));
    let mut state = site.state();
    if state.settings.disabled {
        return refuse("DISABLED");
    }
    if state.structure.is_none() {
        return refuse("MISSING_MAPPING");
    }
    if state.under_way().is_some() {
        return refuse("IN_PROGRESS");
    }
    let id = Uuid::new_v4().to_string();
    let at = |end: &str| link(site, &format!("executions/{id}{end}"));
    let links = json!({
        "submitProgress": at("/progress"), "submitResults": at("/data"), "getExecutionStatus": at("/status"),
        "cancel": at(""),
    });
    let late = site.faults.time(Fault::ExecutionSlowStart);
    state.executions.push(Execution {
        id,
        stage: if late.is_some() { Stage::Starting } else { Stage::Ingesting },
        begins: Instant::now() + late.unwrap_or_default(),
        stuck: false,
        chunks: Vec::new(),
        chunk_count: 0,
        failure: None,
        result: Value::Null,
    });
    reply(200, &json!({ "result": "success", "links": links }))
}

/// The latest execution.
pub(super) fn latest(site: &Site) -> Response {
    let state = site.state();
    state.executions.last().map_or_else(not_found, |e| reply(200, &e.status()))
}

/// A call below one execution.
pub(super) fn call(site: &Arc<Site>, method: &str, id: &str, rest: &[&str], body: &[u8]) -> Response {
    let mut state = site.state();
    let Some(at) = state.executions.iter().position(|e| e.id == id) else { return not_found() };
    let chunk_limit = state.settings.chunk_limit();
    let refuses = state.settings.reject_marked;
    let execution = &mut state.executions[at];
    match (method, rest) {
        ("GET", ["status"]) => reply(200, &execution.status()),
        ("PUT", ["progress"]) => empty(200),
        ("POST", ["history", "failed"]) => {
            let sent: Value = serde_json::from_slice(body).unwrap_or_default();
            execution.failure = sent["failureReason"].as_str().map(str::to_owned);
            empty(204)
        }
        ("DELETE", []) => {
            if !matches!(execution.stage, Stage::Starting | Stage::Ingesting) {
                return problem(400, "The execution can no longer be canceled.");
            }
            execution.stage = Stage::Cancelled;
            execution.chunks = Vec::new();
            empty(200)
        }
        ("POST", ["data"]) if body.len() > chunk_limit => {
            reply(413, &json!({ "code": 413, "message": "Payload Too Large" }))
        }
        ("POST", ["data"]) => submit(site, execution, body, refuses),
        _ => not_found(),
    }
}

/// With `refuses`, a chunk with a marked record is rejected.
fn submit(site: &Arc<Site>, execution: &mut Execution, body: &[u8], refuses: bool) -> Response {
    let Ok(chunk) = serde_json::from_slice::<Value>(body) else {
        return problem(400, "The body isn't JSON.");
    };
    if let Some(status) = refusal::of_chunk(&chunk).filter(|_| refuses) {
        return problem(status, "The entries are refused for what one of them says.");
    }
    match execution.stage() {
        // The execution neither fails nor ends.
        Stage::Starting => execution.stuck = true,
        Stage::Ingesting => {}
        _ => return problem(400, "The execution takes no data any more."),
    }
    let completed = chunk["completed"] == true;
    if chunk["data"].is_object() {
        execution.chunk_count += 1;
        execution.chunks.push(chunk);
    }
    if completed {
        execution.stage = Stage::Processing;
        let hold =
            if execution.stuck { Some(Hold::UntilTold) } else { site.faults.hold(Fault::ExecutionStuck) };
        let wait = match hold {
            None => tokio::time::sleep(site.delay).boxed(),
            Some(Hold::UntilTold) => site.faults.released().boxed(),
            Some(Hold::For(time)) => site.faults.delay(time).boxed(),
        };
        let (site, id) = (Arc::clone(site), execution.id.clone());
        tokio::spawn(async move {
            wait.await;
            // The import itself keeps one core busy.
            let worked = tokio::task::spawn_blocking(move || process(&site, &id)).await;
            if let Err(error) = worked {
                tracing::error!(%error, "an import stopped working");
            }
        });
    }
    empty(200)
}

fn process(site: &Site, id: &str) {
    let (structure, chunks, settings) = {
        let mut state = site.state();
        let chunks = state.executions.iter_mut().find(|e| e.id == id).map(|e| std::mem::take(&mut e.chunks));
        (state.structure.clone().unwrap_or_default(), chunks.unwrap_or_default(), state.settings.clone())
    };
    let fate = if site.faults.strikes(Fault::ExecutionFails) {
        Fate::Fails
    } else if site.faults.strikes(Fault::ExecutionTypeErrors) {
        Fate::DropsWithMessages
    } else if site.faults.strikes(Fault::ExecutionDrops) {
        Fate::Drops
    } else {
        Fate::Fine
    };
    let mut result = site.held().import(&structure, &chunks, &settings, fate);
    result["jobId"] = id.into();
    result["importSourceId"] = site.ids.source.into();
    result["objectSchemaId"] = site.schema_id().parse::<u64>().unwrap_or_default().into();
    if let Some(execution) = site.state().executions.iter_mut().find(|e| e.id == id) {
        execution.result = result;
        execution.stage = Stage::Done;
    }
}
