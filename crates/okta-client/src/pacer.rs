//! Staying under the rate limit.
//!
//! Okta counts requests per bucket (a group of endpoints) in windows of about a minute, and says in each answer how many
//! are left. While plenty are left nothing is delayed; what is left near the end is spread over the rest of the window.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{HeaderMap, Method};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::auth::ServerClock;

/// A window is never longer; a reset further away is a mistake.
const LONGEST_WINDOW: Duration = Duration::from_mins(2);

/// What the last answers said about one bucket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BucketState {
    /// Requests that one window allows.
    pub limit: u64,
    /// Requests left in this window, as far as known.
    pub remaining: u64,
    /// Seconds until the window ends.
    pub resets_in: u64,
}

#[derive(Debug)]
struct Bucket {
    limit: u64,
    remaining: u64,
    reset: Instant,
    /// The earliest moment of the next request, while requests are spread.
    next: Instant,
}

#[derive(Debug, Default)]
struct State {
    buckets: BTreeMap<&'static str, Bucket>,
    requests: u64,
    refused: u64,
}

/// Decides when a request may go. Cheap to clone; clones share what they know, so several clients of one org can share
/// one pacer.
#[derive(Debug, Clone)]
pub struct Pacer {
    state: Arc<Mutex<State>>,
    slots: Arc<Semaphore>,
    head_room: f64,
}

impl Default for Pacer {
    fn default() -> Self {
        Self::new(0.1, 10)
    }
}

impl Pacer {
    /// A pacer that leaves a share of each window (0 to 1) to others, and lets that many requests go at once.
    pub fn new(head_room: f64, concurrency: usize) -> Self {
        Self {
            state: Arc::default(),
            slots: Arc::new(Semaphore::new(concurrency.max(1))),
            head_room: head_room.clamp(0.0, 0.9),
        }
    }

    /// Every bucket seen so far.
    pub fn buckets(&self) -> BTreeMap<&'static str, BucketState> {
        let now = Instant::now();
        let state = self.lock();
        state
            .buckets
            .iter()
            .map(|(&name, b)| {
                let resets_in = b.reset.saturating_duration_since(now).as_secs();
                (name, BucketState { limit: b.limit, remaining: b.remaining, resets_in })
            })
            .collect()
    }

    /// Requests sent so far, retries included.
    pub fn requests(&self) -> u64 {
        self.lock().requests
    }

    /// Requests that were answered with 429.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Waits for a slot and for the bucket's turn.
    pub(crate) async fn turn(&self, bucket: &'static str) -> Option<OwnedSemaphorePermit> {
        // The semaphore is never closed.
        let permit = Arc::clone(&self.slots).acquire_owned().await.ok();
        loop {
            let wait = self.reserve(bucket);
            if wait.is_zero() {
                return permit;
            }
            tokio::time::sleep(wait).await;
        }
    }

    /// Takes a request out of the bucket, or says how long to wait before asking again.
    // Rounding a share of a few thousand requests is harmless.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    fn reserve(&self, name: &'static str) -> Duration {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(bucket) = state.buckets.get_mut(name) {
            if now >= bucket.reset {
                // A new window: its first answer will say more.
                bucket.remaining = bucket.limit;
                bucket.reset = now + Duration::from_mins(1);
                bucket.next = now;
            }
            let reserve = (bucket.limit as f64 * self.head_room).ceil() as u64;
            let free = bucket.remaining.saturating_sub(reserve);
            let left = bucket.reset - now;
            if free == 0 {
                return left;
            }
            // Spread only what is scarce: with more than half of the window free there is no need.
            if free * 2 < bucket.limit {
                if now < bucket.next {
                    return bucket.next - now;
                }
                bucket.next = now + left / u32::try_from(free).unwrap_or(u32::MAX);
            }
            bucket.remaining -= 1;
        }
        state.requests += 1;
        Duration::ZERO
    }

    /// Learns from an answer.
    pub(crate) fn learn(&self, name: &'static str, status: u16, headers: &HeaderMap) {
        let number = |header: &str| headers.get(header)?.to_str().ok()?.parse::<u64>().ok();
        let mut state = self.lock();
        state.refused += u64::from(status == 429);
        let (Some(limit), Some(remaining), Some(reset)) =
            (number("x-rate-limit-limit"), number("x-rate-limit-remaining"), number("x-rate-limit-reset"))
        else {
            return;
        };
        if limit == 0 {
            // Too many at once, not too many a minute: the bucket's numbers mean nothing.
            return;
        }
        let now = Instant::now();
        let left = ServerClock::until(headers, reset).min(LONGEST_WINDOW);
        let bucket =
            state.buckets.entry(name).or_insert(Bucket { limit, remaining, reset: now + left, next: now });
        let new_window = now + left > bucket.reset + Duration::from_secs(5);
        // Answers of parallel requests arrive in any order: within a window the smallest count is the newest.
        bucket.remaining = if new_window { remaining } else { remaining.min(bucket.remaining) };
        bucket.limit = limit;
        bucket.reset = now + left;
    }

    /// How long until the bucket is worth another try.
    pub(crate) fn retry_after(&self, name: &'static str) -> Duration {
        let now = Instant::now();
        self.lock()
            .buckets
            .get(name)
            .map_or(Duration::from_secs(5), |b| b.reset.saturating_duration_since(now))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The bucket that a request counts in, by the shape of its path.
pub(crate) fn bucket(method: &Method, path: &str) -> &'static str {
    let mut parts = path.trim_start_matches("/api/v1/").split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some("users"), None, _) if method == Method::GET => "GET /api/v1/users",
        (Some("users"), Some(_), None) if method == Method::GET => "GET /api/v1/users/{id}",
        (Some("groups"), Some(_), None) => "/api/v1/groups/{id}",
        (Some("groups"), ..) => "/api/v1/groups",
        (Some("logs"), ..) => "/api/v1/logs",
        _ => "/api/v1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(limit: u64, remaining: u64) -> HeaderMap {
        let now = jiff::Timestamp::now();
        let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&now).unwrap();
        [
            ("date", date),
            ("x-rate-limit-limit", limit.to_string()),
            ("x-rate-limit-remaining", remaining.to_string()),
            ("x-rate-limit-reset", (now.as_second() + 60).to_string()),
        ]
        .into_iter()
        .map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap()))
        .collect()
    }

    async fn time_of(pacer: &Pacer, requests: usize) -> Duration {
        let start = Instant::now();
        for _ in 0..requests {
            drop(pacer.turn("b").await);
        }
        start.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn an_org_without_rate_headers_is_not_held_back() {
        assert_eq!(time_of(&Pacer::default(), 10_000).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_window_is_not_held_back() {
        let pacer = Pacer::default();
        pacer.learn("b", 200, &answer(600, 600));
        assert_eq!(time_of(&pacer, 200).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_left_is_spread_and_the_head_room_stays() {
        let pacer = Pacer::new(0.1, 1);
        pacer.learn("b", 200, &answer(100, 30));
        let took = time_of(&pacer, 20).await;
        assert!(took > Duration::from_secs(45) && took < Duration::from_mins(1), "{took:?}");
        assert_eq!(pacer.buckets()["b"].remaining, 10);
        assert!(time_of(&pacer, 1).await > Duration::ZERO, "the next one waits for the new window");
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_for_too_many_at_once_leaves_the_bucket_alone() {
        let pacer = Pacer::default();
        pacer.learn("b", 429, &answer(0, 0));
        assert_eq!(time_of(&pacer, 100).await, Duration::ZERO);
        assert_eq!(pacer.refused(), 1);
    }

    #[test]
    fn requests_count_in_the_buckets_that_okta_names() {
        let get = |path| bucket(&Method::GET, path);
        assert_eq!(get("/api/v1/users"), "GET /api/v1/users");
        assert_eq!(get("/api/v1/users/00u1"), "GET /api/v1/users/{id}");
        assert_eq!(get("/api/v1/users/00u1/groups"), "/api/v1");
        assert_eq!(get("/api/v1/groups/00g1/users"), "/api/v1/groups");
        assert_eq!(get("/api/v1/groups/00g1"), "/api/v1/groups/{id}");
    }
}
