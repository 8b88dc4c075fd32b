//! Time that does not depend on the machine's clock being right: the order of readings, bookmarks in the directory's own
//! time, and steps of the clock that are noticed.

use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::safeguards::Safeguards;
use crate::engine::Engine;
use crate::engine::active::ActiveRun;
use crate::engine::tick::Tick;
use crate::ports::directory::Directory;

/// Smaller steps are adjustments of the clock, or a delayed tick.
const STEP: SignedDuration = SignedDuration::from_secs(2);

/// The difference between the clocks that has other causes: whole seconds and slow responses.
const NOISE: SignedDuration = SignedDuration::from_mins(1);

impl Engine {
    /// Numbers a reading of the directory before it starts.
    pub(crate) async fn reading(&self, run: &ActiveRun) -> Result<Reading, EngineError> {
        let (store, now) = (&self.ports.store, self.now());
        Ok(if run.sends() { store.next_reading(now).await? } else { store.last_reading(now).await? })
    }

    /// Detects a step of the clock since its last reading, and once a step between this process and the previous one:
    /// the offset from the directory's clock then and now. True once that is done.
    pub(crate) async fn watch_clock(&self) -> Result<bool, EngineError> {
        let (now, steady) = (self.now(), Instant::now());
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
        Ok(self.ports.store.follow_clock(step, now).await?)
    }

    async fn compare_clock(&self, now: Timestamp) -> Result<bool, EngineError> {
        if self.is_clock_compared() {
            return Ok(true);
        }
        let observed = self.known_view().and_then(|view| view.directory.time());
        let observed = observed.or_else(|| self.ports.feed.as_ref().and_then(|feed| feed.time()));
        let Some(directory) = observed else { return Ok(false) };
        let offset = now.duration_since(directory);
        match self.ports.store.clock_offset().await? {
            None => self.ports.store.save_clock_offset(offset).await?,
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
        let Some(until) = self.ports.store.paused_until().await? else { return Ok(false) };
        let proves_nothing = self.ports.feed.is_some() && !self.is_clock_compared();
        Ok(until > self.now() || proves_nothing)
    }

    /// The latest proven directory time: its current time once it responded, and before that the latest stored one.
    /// `None` if neither is known.
    pub(crate) async fn directory_time(
        &self,
        directory: Option<&dyn Directory>,
    ) -> Result<Option<Timestamp>, EngineError> {
        if let Some(now) = directory.and_then(Directory::time) {
            return Ok(Some(now));
        }
        let read = self.ports.store.feed_checkpoint().await?.map(|feed| feed.newest_event_at);
        Ok(self.ports.store.bookmark().await?.max(read))
    }

    /// Starts the aging of removals now.
    pub(crate) async fn date_losses(&self, directory: &dyn Directory) -> Result<(), EngineError> {
        match directory.time() {
            Some(now) => Ok(self.ports.store.date_losses(now).await?),
            None => Ok(()),
        }
    }

    /// The start of the window of recent removals, by the directory's time. While that is unknown, all removals count.
    pub(crate) async fn window_begin(
        &self,
        run: &ActiveRun,
        limits: &Safeguards,
    ) -> Result<Timestamp, EngineError> {
        let directory = run.view.directory.as_ref();
        if run.sends() {
            self.date_losses(directory).await?;
        }
        let now = self.directory_time(Some(directory)).await?;
        Ok(now.map_or(Timestamp::MIN, |now| limits.since(now)))
    }
}
