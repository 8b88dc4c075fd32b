//! One execution and its state.

use serde_json::{Value, json};
use tokio::time::Instant;

/// The state of an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// It doesn't accept chunks yet. Assets' name for this state is unknown.
    Starting,
    Ingesting,
    Processing,
    Done,
    Cancelled,
}

impl Stage {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "STARTING",
            Self::Ingesting => "INGESTING",
            Self::Processing => "PROCESSING",
            Self::Done => "DONE",
            Self::Cancelled => "CANCELLED",
        }
    }
}

#[derive(Debug)]
pub(super) struct Execution {
    pub(super) id: String,
    pub(super) stage: Stage,
    /// The time from which it accepts chunks.
    pub(super) begins: Instant,
    /// Chunks came too early: its processing never ends.
    pub(super) stuck: bool,
    pub(super) chunks: Vec<Value>,
    pub(super) chunk_count: u64,
    pub(super) failure: Option<String>,
    pub(super) result: Value,
}

impl Execution {
    pub(super) fn stage(&self) -> Stage {
        if self.stage == Stage::Starting && Instant::now() >= self.begins {
            Stage::Ingesting
        } else {
            self.stage
        }
    }

    /// True if another execution has to wait for it.
    pub(super) fn is_under_way(&self) -> bool {
        !matches!(self.stage, Stage::Done | Stage::Cancelled)
    }

    pub(super) fn status(&self) -> Value {
        json!({ "status": self.stage().as_str(), "executionId": self.id, "progressResult": self.result })
    }

    /// In the form of the import history.
    pub(super) fn history(&self) -> Value {
        json!({ "executionId": self.id, "status": self.stage().as_str(), "chunks": self.chunk_count,
            "failureReason": self.failure, "progressResult": self.result })
    }
}
