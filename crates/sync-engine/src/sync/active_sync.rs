//! A sync that reads the directory.

use tokio_util::sync::CancellationToken;

use crate::domain::safeguards::Safeguards;
use crate::engine::active::ActiveRun;
use crate::ports::progress::ProgressSink;

/// A sync or a plan of everything: its run, its limits, and its caller's progress and stop signal.
pub(crate) struct ActiveSync<'s> {
    pub(crate) run: &'s ActiveRun,
    pub(crate) limits: &'s Safeguards,
    pub(crate) progress: &'s dyn ProgressSink,
    pub(crate) stop: &'s CancellationToken,
}
