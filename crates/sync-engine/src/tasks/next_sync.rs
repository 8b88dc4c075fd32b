//! The scheduled syncs that are due, and the next ones.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::checkpoint::SyncMode;
use crate::domain::error::EngineError;
use crate::domain::run_kind::RunKind;
use crate::domain::schedule::Schedule;
use crate::engine::Engine;
use crate::tasks::options::TaskOptions;

/// The start times of the next scheduled syncs, unless other syncs run before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextSyncs {
    /// The next full sync; `None` if none is scheduled.
    pub full_sync_at: Option<Timestamp>,
    /// The next incremental sync; null if none is scheduled.
    pub incremental_sync_at: Option<Timestamp>,
}

impl Engine {
    /// The changes since the last sync started, by the directory's time; everything if that time is unknown.
    pub(crate) async fn recent(&self) -> Result<SyncMode, EngineError> {
        let last = self.context.store().bookmark().await?;
        Ok(last.map_or(SyncMode::Full, |last| SyncMode::Incremental(self.with_overlap(last))))
    }

    /// The sync that is due by the schedules.
    pub(crate) async fn scheduled(&self, options: &TaskOptions) -> Result<Option<SyncMode>, EngineError> {
        let next = self.next_syncs(options).await?;
        // Read last, so that anything due now is due by this time as well.
        let now = self.context.now();
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        if is_due(next.full_sync_at) {
            return Ok(Some(SyncMode::Full));
        }
        if is_due(next.incremental_sync_at) { self.recent().await.map(Some) } else { Ok(None) }
    }

    /// The start times of the next syncs. Only a connection with a succeeded full sync has any.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_syncs(&self, options: &TaskOptions) -> Result<NextSyncs, EngineError> {
        let full = self.context.store().last_run(RunKind::FullSync).await?;
        let Some(full) = full.ended.filter(|_| full.succeeded.is_some()) else {
            return Ok(NextSyncs::default());
        };
        let delta = self.context.store().last_run(RunKind::IncrementalSync).await?;
        let last = delta.ended.map_or(full, |delta| delta.max(full));
        let now = self.context.now();
        let next = |schedule: &Schedule, last: Timestamp| {
            let next = schedule.after(last)?.checked_add(jitter(options.jitter, last)).ok()?;
            // The clock was ahead when the time was stored.
            Some(if last > now { now } else { next })
        };
        Ok(NextSyncs {
            full_sync_at: next(&options.full, full),
            incremental_sync_at: next(&options.delta, last),
        })
    }
}

/// The same for the same run in every process, so that a restart does not draw lots again.
fn jitter(most: Duration, last: Timestamp) -> Duration {
    let drawn = last.as_microsecond().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
    most * u32::try_from(drawn).unwrap_or_default() / (1 << 20)
}
