//! The outcome of an activation that ended with an error of the engine.

use std::time::Duration;

use crate::domain::alert::AlertKind;
use crate::domain::error::{EngineError, error_chain};
use crate::domain::finding::remedy::Remedy;
use crate::domain::task::Task;
use crate::domain::violation::SafeguardViolation;
use crate::driver::task::{Activated, FailedActivation, PATIENCE};

/// The time after which failures of the state store raise an alert: a longer problem, such as a full disk, needs a fix.
const STORE_PATIENCE: Duration = Duration::from_secs(5);

/// The outcome of a task with this result; a failure is logged.
pub(crate) fn activated(task: Task, result: Result<(), EngineError>) -> Activated {
    let error = match result {
        Ok(()) => return Activated::Done,
        Err(EngineError::Interrupted) => return Activated::Interrupted,
        Err(error) => error,
    };
    // No override applies to a setting of the import source: it blocks every sync until it is changed.
    let refused = matches!(&error, EngineError::SafeguardTriggered(refusal) if !matches!(refusal, SafeguardViolation::MissingObjectsRemoved));
    // A rejection needs a fix; any other failure may be temporary.
    let patience = match &error {
        EngineError::Store(_) => STORE_PATIENCE,
        error if error.is_transient() => PATIENCE,
        _ => Duration::ZERO,
    };
    tracing::error!(
        task = task.as_str(),
        error = error_chain(&error),
        remedy = error.remedy().as_ref().map(Remedy::as_str),
        "a task failed; retrying"
    );
    Activated::failed(FailedActivation {
        finding: error.of_task(task),
        alert: if refused { Some(AlertKind::SafeguardTriggered) } else { task.kind() },
        patience,
    })
}
