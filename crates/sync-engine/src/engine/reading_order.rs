//! The order of readings, and the directory's own time: neither depends on the machine's clock.

use jiff::Timestamp;

use crate::domain::error::EngineError;
use crate::domain::reading::Reading;
use crate::domain::safeguards::Safeguards;
use crate::engine::active::ActiveRun;
use crate::engine::context::Context;
use crate::ports::directory::Directory;

impl Context {
    /// Numbers a reading of the directory before it starts.
    pub(crate) async fn reading(&self, run: &ActiveRun) -> Result<Reading, EngineError> {
        let (store, now) = (self.store(), self.now());
        Ok(if run.sends() { store.next_reading(now).await? } else { store.last_reading(now).await? })
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
        let read = self.store().feed_checkpoint().await?.map(|feed| feed.newest_event_at);
        Ok(self.store().bookmark().await?.max(read))
    }

    /// Starts the aging of removals now.
    pub(crate) async fn date_losses(&self, directory: &dyn Directory) -> Result<(), EngineError> {
        match directory.time() {
            Some(now) => Ok(self.store().date_losses(now).await?),
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
