//! What can be measured of a connection while it works.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use insight_import_client::{AssetsClient, ImportClient, RateLimitState};
use jiff::Timestamp;
use okta_client::{OktaClient, PacerState};
use sync_engine::{Clock, EngineStats, EventQueueCounts, FeedCheckpoint, RunKind, SystemClock};
use sync_model::ConnectionName;

use crate::alerts::AlertEntry;
use crate::config::EventSource;
use crate::status::ClockSkew;
use crate::{Connection, ServiceError};

/// How long the store may take to answer before it counts as not readable.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks over the clients' shoulders.
pub(crate) struct Watch {
    okta: OktaClient,
    assets: ImportClient,
    account: Option<AssetsClient>,
    following_since: Mutex<Option<Timestamp>>,
}

impl Watch {
    pub(crate) const fn new(okta: OktaClient, assets: ImportClient, account: Option<AssetsClient>) -> Self {
        Self { okta, assets, account, following_since: Mutex::new(None) }
    }

    /// How requests to Okta go through.
    pub(crate) fn okta(&self) -> PacerState {
        self.okta.pacer().state()
    }

    /// How far the clocks of both services were off at their last answers.
    pub(crate) fn clock_skew(&self) -> ClockSkew {
        let account = self.account.as_ref().and_then(|account| account.pace().clock_skew_seconds);
        ClockSkew {
            okta_seconds: self.okta().clock_skew_seconds,
            assets_seconds: self.assets.pace().clock_skew_seconds.or(account),
        }
    }

    /// How long requests to either service are held back by a limit.
    pub(crate) fn held_for(&self) -> Duration {
        let account = self.account.as_ref().map(|account| account.pace().held_for).unwrap_or_default();
        self.okta().held_for.max(self.assets.pace().held_for).max(account)
    }

    /// To be kept for as long as the connection is followed.
    pub(crate) fn following(&self) -> Following<'_> {
        *self.since() = Some(SystemClock.now());
        Following(self)
    }

    /// True if this process follows the connection.
    pub(crate) fn is_followed(&self) -> bool {
        self.since().is_some()
    }

    fn since(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.following_since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says that a connection is followed, until it is dropped, however that comes.
pub(crate) struct Following<'w>(&'w Watch);

impl Drop for Following<'_> {
    fn drop(&mut self) {
        *self.0.since() = None;
    }
}

/// A connection at one moment.
#[derive(Debug)]
pub(crate) struct Vitals {
    pub(crate) name: ConnectionName,
    pub(crate) now: Timestamp,
    /// Since when it is followed; `None` when nobody does.
    pub(crate) following_since: Option<Timestamp>,
    /// Whether it is to read the log.
    pub(crate) reads_log: bool,
    /// Open troubles.
    pub(crate) troubles: Vec<AlertEntry>,
    /// From the store, or why that cannot be read.
    pub(crate) store: Result<StoreVitals, String>,
    pub(crate) stats: EngineStats,
    pub(crate) okta: PacerState,
    /// By the credential that is used.
    pub(crate) assets: Vec<(&'static str, RateLimitState)>,
}

/// What the store says.
#[derive(Debug, Clone)]
pub(crate) struct StoreVitals {
    pub(crate) inbox: EventQueueCounts,
    pub(crate) feed: Option<FeedCheckpoint>,
    /// Only a time that is still to come.
    pub(crate) paused_until: Option<Timestamp>,
    /// When the last pass began that ended well.
    pub(crate) last_pass: Option<Timestamp>,
    /// When the last full pass began that ended well.
    pub(crate) last_full: Option<Timestamp>,
}

impl StoreVitals {
    /// When the oldest change happened that is not confirmed: an event that waits or was given up, a record that Assets did
    /// not account for, or a change that a safeguard holds back.
    pub(crate) fn oldest_change(&self) -> Option<Timestamp> {
        let inbox = &self.inbox;
        [
            inbox.oldest_pending_at,
            inbox.oldest_failed_at,
            inbox.oldest_unconfirmed_at,
            inbox.oldest_blocked_at,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// When the connection last knew all that there was to know; `None` when it never did, or
    /// when something that was confirmed may not be there, or something could not be read.
    pub(crate) fn synced_through(&self) -> Option<Timestamp> {
        // What is in doubt, cannot be stored, or could not be read may be older than anything that is known.
        if self.inbox.doubted > 0 || self.inbox.withheld > 0 || self.inbox.unreadable > 0 {
            return None;
        }
        let read = self.feed.as_ref().and_then(|feed| feed.caught_up_at);
        // What was deleted is in no listing of recent changes, and a delivery that never came is missed by nothing.
        let known = self.last_full?.max(read.unwrap_or(Timestamp::MIN));
        Some(self.oldest_change().map_or(known, |oldest| oldest.min(known)))
    }
}

impl Connection {
    /// Measures. A store that cannot be read is part of the result.
    pub(crate) async fn vitals(&self) -> Vitals {
        let now = SystemClock.now();
        let store = tokio::time::timeout(PATIENCE, self.store_vitals(now)).await;
        let store = match store {
            Ok(read) => read.map_err(|error| crate::error_chain(&error)),
            Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        };
        let mut assets = vec![("import", self.watch.assets.pace())];
        assets.extend(self.watch.account.as_ref().map(|account| ("account", account.pace())));
        Vitals {
            name: self.name().clone(),
            now,
            following_since: *self.watch.since(),
            reads_log: self.events != EventSource::EventHook,
            troubles: self.troubles().into_iter().filter(|trouble| trouble.resolved_at.is_none()).collect(),
            store,
            stats: self.engine().stats(),
            okta: self.watch.okta(),
            assets,
        }
    }

    /// How many requests to Okta wait for their share of its rate limit.
    pub fn requests_held_back(&self) -> usize {
        self.watch.okta().queued
    }

    pub(crate) async fn store_vitals(&self, now: Timestamp) -> Result<StoreVitals, ServiceError> {
        let full = self.store.last_run(RunKind::FullSync).await?.succeeded;
        let delta = self.store.last_run(RunKind::IncrementalSync).await?.succeeded;
        let mut feed = self.store.feed_checkpoint().await?;
        if let Some(feed) = &mut feed {
            // What is later than now was written down by a clock that was ahead.
            feed.caught_up_at = feed.caught_up_at.map(|read| read.min(now));
        }
        Ok(StoreVitals {
            inbox: self.store.event_queue_counts().await?,
            feed,
            paused_until: self.store.paused_until().await?.filter(|until| *until > now),
            last_pass: full.max(delta).map(|began| began.min(now)),
            last_full: full.map(|began| began.min(now)),
        })
    }
}

/// A healthy connection, for tests of what is made of it.
#[cfg(test)]
pub(crate) fn sample() -> Vitals {
    use std::collections::BTreeMap;

    use okta_client::BucketState;
    use sync_engine::RecordCounts;
    use sync_model::ObjectKind;

    let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    let ago = |seconds| now - Duration::from_secs(seconds);
    let bucket = BucketState { limit: 600, remaining: 540, others: 3, resets_in: Duration::from_secs(20) };
    let mut stats = EngineStats::default();
    stats.executions.insert("succeeded", 3);
    stats.failed_runs.insert("full_sync", 1);
    stats.safeguard_violations = 1;
    let counts = RecordCounts { read: 60, sent: 12, created: 10, updated: 1, identical: 0, rejected: 1 };
    stats.records.insert(ObjectKind::User, counts);
    stats.latency_buckets = [0, 4, 2, 0, 0, 0, 0, 0, 0, 0, 1];
    stats.latency_sum = Duration::from_secs(4000);
    Vitals {
        name: ConnectionName::try_from("main".to_owned()).unwrap(),
        now,
        following_since: Some(ago(86_400)),
        reads_log: true,
        troubles: Vec::new(),
        store: Ok(StoreVitals {
            inbox: EventQueueCounts {
                pending: 5,
                in_progress: 2,
                failed: 1,
                oldest_failed_at: Some(ago(60)),
                blocked: 0,
                oldest_blocked_at: None,
                doubted: 0,
                withheld: 0,
                unreadable: 0,
                work_items: 4,
                oldest_pending_at: Some(ago(30)),
                oldest_unclaimed_at: Some(ago(29)),
                unconfirmed_records: 3,
                rejected_records: 1,
                oldest_unconfirmed_at: Some(ago(90)),
            },
            feed: Some(FeedCheckpoint {
                checkpoint: "https://example.okta.com/api/v1/logs?after=s3cret".into(),
                newest_event_at: ago(30),
                caught_up_at: Some(ago(4)),
            }),
            paused_until: None,
            last_pass: Some(ago(900)),
            last_full: Some(ago(7200)),
        }),
        stats,
        okta: PacerState {
            buckets: BTreeMap::from([("/api/v1/users", bucket)]),
            requests: 120,
            refused: 1,
            in_flight: 2,
            queued: 0,
            concurrency: 10,
            held_for: Duration::ZERO,
            clock_skew_seconds: Some(-45),
        },
        assets: vec![(
            "import",
            RateLimitState {
                requests: 40,
                refused: 2,
                in_flight: 1,
                allowed: 8,
                held_for: std::time::Duration::ZERO,
                clock_skew_seconds: Some(3),
            },
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_changes_prove_no_deletion() {
        let vitals = sample();
        let mut store = vitals.store.unwrap();
        store.inbox = EventQueueCounts::default();
        let read = store.feed.as_ref().and_then(|feed| feed.caught_up_at);
        assert_eq!(store.synced_through(), read, "the log tells everything");
        store.feed = None;
        assert!(store.last_pass > store.last_full);
        assert_eq!(store.synced_through(), store.last_full);
        store.last_full = None;
        assert_eq!(store.synced_through(), None);
    }
}
