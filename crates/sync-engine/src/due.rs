//! Which passes are due by themselves, and when the next are.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{EngineError, FollowOptions, RunKind, Schedule, Scope, engine::Engine};

/// When passes begin that nobody asks for, unless others come before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct NextPasses {
    /// When everything is read; `None` when that is never done by itself.
    pub full: Option<Timestamp>,
    /// When what changed lately is read.
    pub delta: Option<Timestamp>,
}

impl Engine {
    /// What changed since the last pass began, by the directory's own time; everything when that is not known.
    pub(crate) async fn recent(&self) -> Result<Scope, EngineError> {
        let last = self.ports.store.bookmark().await?;
        Ok(last.map_or(Scope::Full, |last| Scope::Since(self.with_overlap(last))))
    }

    /// The pass that the schedules say is due.
    pub(crate) async fn scheduled(&self, options: &FollowOptions) -> Result<Option<Scope>, EngineError> {
        let next = self.next_passes(options).await?;
        // Asked for afterwards: what is due at once is due at the time of that answer.
        let now = self.now();
        let is_due = |due: Option<Timestamp>| due.is_some_and(|due| due <= now);
        if is_due(next.full) {
            return Ok(Some(Scope::Full));
        }
        if is_due(next.delta) { self.recent().await.map(Some) } else { Ok(None) }
    }

    /// When the next passes are due. Only a connection that was synchronised once is kept so by itself.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn next_passes(&self, options: &FollowOptions) -> Result<NextPasses, EngineError> {
        let full = self.ports.store.last_run(RunKind::Full).await?;
        let Some(full) = full.last.filter(|_| full.good.is_some()) else { return Ok(NextPasses::default()) };
        let delta = self.ports.store.last_run(RunKind::Delta).await?;
        let last = delta.last.map_or(full, |delta| delta.max(full));
        let now = self.now();
        let next = |schedule: &Schedule, last: Timestamp| {
            let next = schedule.after(last)?.checked_add(jitter(options.jitter, last)).ok()?;
            // The clock was ahead when it was written down.
            Some(if last > now { now } else { next })
        };
        Ok(NextPasses { full: next(&options.full, full), delta: next(&options.delta, last) })
    }
}

/// The same for the same run in every process, so that a restart does not draw lots again.
fn jitter(most: Duration, last: Timestamp) -> Duration {
    let drawn = last.as_microsecond().unsigned_abs().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44;
    most * u32::try_from(drawn).unwrap_or_default() / (1 << 20)
}
