//! Okta's System Log as the engine's event feed.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use okta_client::{LogStart, OktaClient};
use sync_engine::{EventFeed, FeedPage, FeedStart, PortError};

use crate::errors::okta_page_error;
use crate::events::{filters_all, inbox_event, log_filter};
use crate::odd_event::odd_event;

/// Okta retains its log for 90 days; one day less avoids a gap.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 89);

/// The System Log.
#[derive(Debug, Clone)]
pub struct OktaLog {
    okta: OktaClient,
}

impl OktaLog {
    /// The System Log of an org.
    pub const fn new(okta: OktaClient) -> Self {
        Self { okta }
    }
}

#[async_trait]
impl EventFeed for OktaLog {
    async fn poll(&self, from: &FeedStart) -> Result<FeedPage, PortError> {
        let failed = |error, had| okta_page_error("could not read the System Log", error, had);
        let (start, had_place) = match from {
            FeedStart::At(place) if has_narrower_filter(place) => {
                return Err(PortError::new("the System Log was followed with a filter of fewer event types")
                    .expired(true));
            }
            FeedStart::At(place) => (LogStart::At(place.parse().map_err(|e| failed(e, true))?), true),
            FeedStart::Since(since) => (LogStart::Since { since: *since, filter: Some(log_filter()) }, false),
        };
        let page = self.okta.logs().poll(&start).await.map_err(|e| failed(e, had_place))?;
        let newest = page.events.iter().map(|event| event.published).max();
        let odd = page.unreadable.iter().map(|item| {
            tracing::warn!(problem = %item, "could not read an event of the System Log; its subjects are processed");
            odd_event(item, newest.or_else(|| self.time()).unwrap_or(Timestamp::UNIX_EPOCH))
        });
        Ok(FeedPage {
            caught_up: page.events.is_empty() && page.unreadable.is_empty(),
            events: page.events.iter().map(inbox_event).chain(odd).collect(),
            checkpoint: page.checkpoint.to_string(),
        })
    }

    fn time(&self) -> Option<Timestamp> {
        self.okta.pacer().server_time()
    }

    fn retention(&self) -> SignedDuration {
        RETENTION
    }
}

/// True if a log position has the filter of an earlier version, which accepted fewer event types.
fn has_narrower_filter(place: &str) -> bool {
    let Ok(place) = url::Url::parse(place) else { return false };
    place.query_pairs().any(|(name, value)| name == "filter" && !filters_all(&value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn narrower_filter_is_noticed() {
        let mut place = url::Url::parse("https://example.okta.com/api/v1/logs?after=1").unwrap();
        assert!(!has_narrower_filter(place.as_str()));
        place.query_pairs_mut().append_pair("filter", &log_filter());
        assert!(!has_narrower_filter(place.as_str()));
        let earlier = place.as_str().replace("system.identity_sources", "system.import");
        assert!(has_narrower_filter(&earlier));
    }
}
