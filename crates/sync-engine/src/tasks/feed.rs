//! Reading the directory's log, in addition to the hook or instead of it.

use jiff::{SignedDuration, Timestamp};

use crate::domain::alert::AlertKind;
use crate::domain::error::{EngineError, PortError};
use crate::domain::feed::{FeedCheckpoint, FeedPage, FeedStart};
use crate::domain::finding::Finding;
use crate::domain::finding::fact::Fact;
use crate::domain::inbox::Subject;
use crate::domain::run_kind::RunKind;
use crate::engine::Engine;
use crate::ports::feed::EventFeed;

/// The result of polling the log once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Polled {
    /// Events that no delivery contained before.
    pub(crate) new: u64,
    /// True if the end of the log was reached.
    pub(crate) caught_up: bool,
    /// The place after the page.
    pub(crate) checkpoint: String,
    /// True if the previous position was rejected, and the log is read by time.
    pub(crate) restarted: bool,
}

impl Engine {
    /// Reads a page of the log and stores its events together with the place after them.
    pub(crate) async fn poll_feed(
        &self,
        feed: &dyn EventFeed,
        has_hook: bool,
    ) -> Result<Polled, EngineError> {
        let state = self.context.store().feed_checkpoint().await?;
        let position = match &state {
            Some(state) => FeedStart::At(state.checkpoint.clone()),
            None => FeedStart::Since(self.first_position(feed).await?),
        };
        // A response proves nothing about changes after its request.
        let requested_at = self.context.now();
        let (page, restarted) = match (feed.poll(&position).await, &state) {
            (Err(error), Some(state)) if error.is_expired() => (self.begin_again(feed, state).await?, true),
            (page, _) => (page.map_err(EngineError::EventFeed)?, false),
        };
        if has_hook {
            self.notice_event_hook(&page);
        }
        let asked = match position {
            FeedStart::Since(since) => Some(since),
            FeedStart::At(_) => None,
        };
        let published = page.events.iter().map(|event| event.published_at).max();
        let before = state.as_ref().map(|state| state.newest_event_at);
        let newest = published.into_iter().chain(before).max();
        // The position is never ahead of the directory's time, even if an event claims a later one. If that time is
        // unknown, the position is the start of the read.
        let present = feed.time().or(before).or(asked).unwrap_or(Timestamp::UNIX_EPOCH);
        let next = FeedCheckpoint {
            checkpoint: page.checkpoint.clone(),
            newest_event_at: newest.map_or(present, |newest| newest.min(present)),
            caught_up_at: if page.caught_up {
                Some(requested_at)
            } else {
                state.and_then(|state| state.caught_up_at)
            },
        };
        let new = self.context.store().store_feed_page(&page.events, &next, self.context.now()).await?;
        Ok(Polled { new, caught_up: page.caught_up, checkpoint: page.checkpoint, restarted })
    }

    /// The first position of a connection that never read the log: the start of its last sync, so that no event is
    /// missed.
    async fn first_position(&self, feed: &dyn EventFeed) -> Result<Timestamp, EngineError> {
        if let Some(bookmark) = self.context.store().bookmark().await? {
            return Ok(self.with_overlap(bookmark));
        }
        if self.context.store().last_run(RunKind::FullSync).await?.succeeded.is_some() {
            // A full sync succeeded, but its time is unknown.
            self.context.store().enqueue(&Subject::EntireDirectory, self.context.now()).await?;
        }
        let now = feed.time().ok_or_else(|| {
            EngineError::EventFeed(PortError::new("the directory's time isn't known yet").transient(true))
        })?;
        Ok(self.with_overlap(now))
    }

    /// The position is no longer valid: events since then are read again by time. Repeated events are dropped.
    async fn begin_again(
        &self,
        feed: &dyn EventFeed,
        state: &FeedCheckpoint,
    ) -> Result<FeedPage, EngineError> {
        let last = state.newest_event_at;
        let is_lost = |now: Timestamp| now.duration_since(last) > feed.retention();
        let lost = feed.time().filter(|&now| is_lost(now));
        tracing::info!(%last, "System Log position expired; restarting by time");
        let since = FeedStart::Since(self.with_overlap(lost.unwrap_or(last)));
        let page = feed.poll(&since).await.map_err(EngineError::EventFeed)?;
        // The response contained the directory's time. Without it, the log may not cover the whole interval.
        if lost.is_some() || feed.time().is_none_or(is_lost) {
            tracing::warn!(%last, "System Log gap exceeds retention; starting a full sync");
            self.context.store().enqueue(&Subject::EntireDirectory, self.context.now()).await?;
        }
        Ok(page)
    }

    pub(crate) fn with_overlap(&self, time: Timestamp) -> Timestamp {
        let overlap = SignedDuration::try_from(self.context.options.overlap).unwrap_or(SignedDuration::ZERO);
        time.checked_sub(overlap).unwrap_or(time)
    }

    /// The log reports changes and failed deliveries of event hooks; an event hook can't report its own.
    fn notice_event_hook(&self, page: &FeedPage) {
        let notices = page.events.iter().filter_map(|event| event.hook_notice.as_ref());
        let notices: Vec<_> = notices.filter(|notice| self.early_checks.may_concern_hook(notice)).collect();
        if !notices.is_empty() {
            self.early_checks.notice_hook();
        }
        let failures =
            notices.iter().filter(|notice| notice.is_failure && self.early_checks.names_hook(notice));
        let deliveries = failures.count() as u64;
        if deliveries > 0 {
            // The System Log contains the events of failed deliveries.
            let finding = Finding::warning(Fact::DeliveriesFailed { deliveries });
            self.context.alert(AlertKind::EventHookUnhealthy, finding);
        }
    }
}
