//! Steps of the machine's clock, which are noticed, so that no stored time is misread.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::domain::error::EngineError;
use crate::engine::Engine;
use crate::engine::tick::Tick;

/// Smaller steps are adjustments of the clock, or a delayed tick.
const STEP: SignedDuration = SignedDuration::from_secs(2);

/// The difference between the clocks that has other causes: whole seconds and slow responses.
const NOISE: SignedDuration = SignedDuration::from_mins(1);

impl Engine {
    /// Detects a step of the clock since its last reading, and once a step between this process and the previous one:
    /// the offset from the directory's clock then and now. True once that is done.
    pub(crate) async fn watch_clock(&self) -> Result<bool, EngineError> {
        let (now, steady) = (self.context.now(), Instant::now());
        let last =
            self.tick.lock().unwrap_or_else(PoisonError::into_inner).replace(Tick { clock: now, steady });
        if let Some(last) = last {
            let passed =
                SignedDuration::try_from(steady.duration_since(last.steady)).unwrap_or(SignedDuration::MAX);
            let step = now.duration_since(last.clock).saturating_sub(passed);
            if step.abs() >= STEP {
                self.follow_clock(step, now).await?;
            }
        }
        self.compare_clock(now).await
    }

    async fn follow_clock(&self, step: SignedDuration, now: Timestamp) -> Result<(), EngineError> {
        tracing::warn!(seconds = step.as_secs(), "the clock of this host changed");
        Ok(self.context.store().follow_clock(step, now).await?)
    }

    async fn compare_clock(&self, now: Timestamp) -> Result<bool, EngineError> {
        if self.is_clock_compared() {
            return Ok(true);
        }
        let observed = self.known_view().and_then(|view| view.directory.time());
        let observed = observed.or_else(|| self.context.ports.feed.as_ref().and_then(|feed| feed.time()));
        let Some(directory) = observed else { return Ok(false) };
        let offset = now.duration_since(directory);
        match self.context.store().clock_offset().await? {
            None => self.context.store().save_clock_offset(offset).await?,
            Some(before) => {
                let step = offset.saturating_sub(before);
                if step.abs() >= NOISE {
                    self.follow_clock(step, now).await?;
                }
            }
        }
        self.clock_compared.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// True if stored times follow this process's clock.
    pub(crate) fn is_clock_compared(&self) -> bool {
        self.clock_compared.load(Ordering::Relaxed)
    }

    /// True if sends are paused. Only a compared clock proves the end of a pause; until the directory has responded,
    /// the pause continues.
    pub(crate) async fn is_paused(&self) -> Result<bool, EngineError> {
        let Some(until) = self.context.store().paused_until().await? else { return Ok(false) };
        let proves_nothing = self.context.ports.feed.is_some() && !self.is_clock_compared();
        Ok(until > self.context.now() || proves_nothing)
    }
}
