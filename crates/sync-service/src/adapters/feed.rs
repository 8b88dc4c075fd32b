//! Okta's System Log as the engine's event feed.

use async_trait::async_trait;
use jiff::SignedDuration;
use okta_client::{LogStart, OktaClient};
use sync_engine::{EventFeed, FeedPage, FeedPosition, PortError};

use super::okta_page_error;
use crate::events::{LOG_FILTER, inbox_event};

/// Okta keeps its log for 90 days; a day less, so that nothing falls between.
const RETENTION: SignedDuration = SignedDuration::from_hours(24 * 89);

/// The System Log.
#[derive(Debug, Clone)]
pub(crate) struct OktaLog {
    okta: OktaClient,
}

impl OktaLog {
    pub(crate) const fn new(okta: OktaClient) -> Self {
        Self { okta }
    }
}

#[async_trait]
impl EventFeed for OktaLog {
    async fn poll(&self, from: &FeedPosition) -> Result<FeedPage, PortError> {
        let failed = |error, had| okta_page_error("the System Log could not be read", error, had);
        let (start, had_place) = match from {
            FeedPosition::At(place) => (LogStart::At(place.parse().map_err(|e| failed(e, true))?), true),
            FeedPosition::Since(since) => {
                (LogStart::Since { since: *since, filter: Some(LOG_FILTER.to_owned()) }, false)
            }
        };
        let page = self.okta.logs().poll(&start).await.map_err(|e| failed(e, had_place))?;
        Ok(FeedPage {
            caught_up: page.events.is_empty(),
            events: page.events.iter().map(inbox_event).collect(),
            checkpoint: page.checkpoint.to_string(),
        })
    }

    fn retention(&self) -> SignedDuration {
        RETENTION
    }
}
