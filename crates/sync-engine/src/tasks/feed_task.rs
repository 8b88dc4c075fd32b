//! The repeated reading of the System Log.

use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

use crate::domain::error::{EngineError, PortError};
use crate::domain::finding::remedy::Remedy;
use crate::domain::finding::subject::Service;
use crate::domain::task::Task;
use crate::domain::task_status::ActivationReason;
use crate::domain::trail::Trail;
use crate::driver::task::{Activated, BackgroundTask};
use crate::engine::Engine;
use crate::ports::feed::EventFeed;
use crate::tasks::outcome::activated;
use crate::tasks::waker::TaskWaker;

/// The number of pages with known events only that are read without a pause.
const MOST_KNOWN: u32 = 20;

/// Reads the System Log to its end.
pub(crate) struct FeedTask<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) feed: &'e dyn EventFeed,
    pub(crate) has_hook: bool,
    pub(crate) waker: &'e TaskWaker,
}

#[async_trait]
impl BackgroundTask for FeedTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        activated(Task::EventFeed, self.read_feed().await)
    }
}

impl FeedTask<'_> {
    async fn read_feed(&self) -> Result<(), EngineError> {
        let failed = |reason: &str| {
            let error = PortError::new(reason).transient(true);
            EngineError::EventFeed(error.with_remedy(Remedy::CheckGateway { service: Service::Okta }))
        };
        let (mut trail, mut restarted, mut known) = (Trail::default(), false, 0);
        loop {
            let polled = self.engine.poll_feed(self.feed, self.has_hook).await?;
            if polled.restarted && std::mem::replace(&mut restarted, true) {
                return Err(failed("Okta rejected the System Log position repeatedly"));
            }
            if !polled.caught_up && trail.leads_back(&polled.checkpoint) {
                return Err(failed("the `next` links of the System Log form a loop"));
            }
            if polled.new > 0 {
                self.waker.wake_events();
            }
            // Pages with known events only are delayed like empty ones: their links may never end.
            known = if polled.new > 0 { 0 } else { known + 1 };
            if polled.caught_up || known > MOST_KNOWN {
                return Ok(());
            }
        }
    }
}
