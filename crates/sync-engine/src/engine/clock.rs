//! Steps of the machine's clock, which are noticed, so that no stored time is misread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::domain::error::EngineError;
use crate::engine::context::Context;
use crate::sync::schema_evolution::Schemas;

/// Smaller steps are adjustments of the clock, or a delayed tick.
const STEP: SignedDuration = SignedDuration::from_secs(2);

/// The difference between the clocks that has other causes: whole seconds and slow responses.
const NOISE: SignedDuration = SignedDuration::from_mins(1);

/// A reading of the clock, with a monotonic time.
#[derive(Debug, Clone, Copy)]
struct Tick {
    clock: Timestamp,
    steady: Instant,
}

/// Watches the machine's clock.
pub(crate) struct ClockWatch {
    context: Arc<Context>,
    schemas: Arc<Schemas>,
    /// The last reading of the clock.
    tick: Mutex<Option<Tick>>,
    /// True if this process's clock was compared with the one of the process before.
    compared: AtomicBool,
}

impl ClockWatch {
    pub(crate) fn new(context: Arc<Context>, schemas: Arc<Schemas>) -> Self {
        Self { context, schemas, tick: Mutex::default(), compared: AtomicBool::default() }
    }

    /// Detects a step of the clock since its last reading, and once a step between this process and the previous one:
    /// the offset from the directory's clock then and now. True once that is done.
    pub(crate) async fn watch(&self) -> Result<bool, EngineError> {
        let (now, steady) = (self.context.now(), Instant::now());
        let last =
            self.tick.lock().unwrap_or_else(PoisonError::into_inner).replace(Tick { clock: now, steady });
        if let Some(last) = last {
            let passed =
                SignedDuration::try_from(steady.duration_since(last.steady)).unwrap_or(SignedDuration::MAX);
            let step = now.duration_since(last.clock).saturating_sub(passed);
            if step.abs() >= STEP {
                self.follow_step(step, now).await?;
            }
        }
        self.compare(now).await
    }

    async fn follow_step(&self, step: SignedDuration, now: Timestamp) -> Result<(), EngineError> {
        tracing::warn!(seconds = step.as_secs(), "the clock of this host changed");
        Ok(self.context.store().follow_clock(step, now).await?)
    }

    async fn compare(&self, now: Timestamp) -> Result<bool, EngineError> {
        if self.is_compared() {
            return Ok(true);
        }
        let observed = self.schemas.known_view().and_then(|view| view.directory.time());
        let observed = observed.or_else(|| self.context.ports.feed.as_ref().and_then(|feed| feed.time()));
        let Some(directory) = observed else { return Ok(false) };
        let offset = now.duration_since(directory);
        match self.context.store().clock_offset().await? {
            None => self.context.store().save_clock_offset(offset).await?,
            Some(before) => {
                let step = offset.saturating_sub(before);
                if step.abs() >= NOISE {
                    self.follow_step(step, now).await?;
                }
            }
        }
        self.compared.store(true, Ordering::Relaxed);
        Ok(true)
    }

    /// True if stored times follow this process's clock.
    fn is_compared(&self) -> bool {
        self.compared.load(Ordering::Relaxed)
    }

    /// True if sends are paused. Only a compared clock proves the end of a pause; until the directory has responded,
    /// the pause continues.
    pub(crate) async fn is_paused(&self) -> Result<bool, EngineError> {
        let Some(until) = self.context.store().paused_until().await? else { return Ok(false) };
        let proves_nothing = self.context.ports.feed.is_some() && !self.is_compared();
        Ok(until > self.context.now() || proves_nothing)
    }
}
