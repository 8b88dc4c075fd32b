//! The state of an execution, as reported by Assets.

use serde::Deserialize;
use serde_json::Value;

use crate::error::Result;
use crate::outcome::Outcome;

/// The state of an execution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExecutionState {
    /// Accepts records.
    Ingesting,
    /// Reads and writes them.
    Processing,
    /// Ended, successfully or not.
    Done,
    /// Cancelled.
    Cancelled,
    /// A value that this version doesn't support, as received.
    Other(String),
}

/// The status of an execution, as Assets reports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExecutionStatus {
    /// The ID, if the response contains it.
    pub id: Option<String>,
    /// The state.
    pub state: ExecutionState,
    /// The outcome of the records; complete once the execution is done.
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
