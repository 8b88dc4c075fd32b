//! Limits of responses and waits.

use std::time::Duration;

use sync_engine::{Fact, Finding, Remedy};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::delegation::DelegationError;
use crate::remote::error::RemoteError;

/// The largest response in bytes.
pub(super) const LARGEST: usize = 32 * 1024 * 1024;
/// The polling interval for a result.
pub(super) const POLL_INTERVAL: Duration = Duration::from_millis(300);
/// The time for which one request waits for the end of a job: the daemon responds as soon as it ended.
pub(super) const JOB_WAIT: Duration = Duration::from_secs(20);
/// The time for which a daemon may be absent while a run is watched: one that died may be started again,
/// and may die again before it answers.
pub(super) const RESTARTED_WITHIN: Duration = Duration::from_mins(2);
/// The time limit for a started job: longer than the daemon's own limit.
pub(super) const LONGEST: Duration = Duration::from_hours(7);

/// The error of a wait that took too long.
pub(super) fn too_long() -> RemoteError {
    let timed_out = Finding::error(Fact::JobTimedOut { seconds: LONGEST.as_secs() });
    RemoteError::Failed(Box::new(timed_out.with_remedy(Remedy::CheckStatus)))
}

/// Pauses, unless the caller stops, or has waited too long.
pub(super) async fn wait(stop: &CancellationToken, started_at: Instant) -> Result<(), RemoteError> {
    if started_at.elapsed() >= LONGEST {
        return Err(too_long());
    }
    tokio::select! {
        () = stop.cancelled() => Err(DelegationError::Detached.into()),
        () = tokio::time::sleep(POLL_INTERVAL) => Ok(()),
    }
}
