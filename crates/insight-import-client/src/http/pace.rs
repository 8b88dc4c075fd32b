//! How many requests may be under way, learnt from how Assets takes them.
//!
//! Atlassian names a limit (1,000 requests a minute for each endpoint), but its answers need not say how much of it is
//! left. Headers are obeyed when there are any; otherwise a refusal halves what may be under way and closes the door
//! for a while, and every answer that goes well opens it a little.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http::header::{DATE, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Longer than this nobody is kept waiting, whatever a header says.
const LONGEST: Duration = Duration::from_mins(2);

/// What is known of the pace, for metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceState {
    /// Requests sent so far, retries included.
    pub requests: u64,
    /// Requests that were answered with 429 or 503.
    pub refused: u64,
    /// Requests under way.
    pub in_flight: usize,
    /// How many may be under way at once.
    pub allowed: usize,
}

#[derive(Debug)]
pub(crate) struct Pace {
    state: Mutex<State>,
    freed: Notify,
    most: f64,
}

#[derive(Debug)]
struct State {
    allowed: f64,
    in_flight: usize,
    closed_until: Option<Instant>,
    requests: u64,
    refused: u64,
    refused_in_a_row: u32,
}

impl Pace {
    pub(crate) fn new(most: usize) -> Self {
        let most = f64::from(u32::try_from(most.max(1)).unwrap_or(u32::MAX));
        let state = State {
            allowed: most,
            in_flight: 0,
            closed_until: None,
            requests: 0,
            refused: 0,
            refused_in_a_row: 0,
        };
        Self { state: Mutex::new(state), freed: Notify::new(), most }
    }

    pub(crate) fn state(&self) -> PaceState {
        let state = self.lock();
        PaceState {
            requests: state.requests,
            refused: state.refused,
            in_flight: state.in_flight,
            allowed: state.whole(),
        }
    }

    /// Waits until a request may go. Safe to give up.
    pub(crate) async fn turn(&self) -> Turn<'_> {
        loop {
            let freed = self.freed.notified();
            let wait = {
                let mut state = self.lock();
                match state.closed_until {
                    Some(until) if until > Instant::now() => Some(until),
                    _ if state.in_flight < state.whole() => {
                        state.in_flight += 1;
                        state.requests += 1;
                        return Turn { pace: self };
                    }
                    _ => None,
                }
            };
            match wait {
                Some(until) => tokio::time::sleep_until(until).await,
                None => freed.await,
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn whole(&self) -> usize {
        // Between one and what was set.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        let whole = self.allowed as usize;
        whole.max(1)
    }
}

/// A request under way. Ends when dropped.
pub(crate) struct Turn<'p> {
    pace: &'p Pace,
}

impl Turn<'_> {
    /// Learns from the answer.
    pub(crate) fn learn(&self, status: StatusCode, headers: &HeaderMap) {
        let mut state = self.pace.lock();
        let refused = matches!(status.as_u16(), 429 | 503);
        let used_up = header(headers, "x-ratelimit-remaining") == Some("0");
        if refused {
            state.refused += 1;
            state.refused_in_a_row += 1;
            state.allowed = (state.allowed / 2.0).max(1.0);
        } else {
            state.refused_in_a_row = 0;
            let near = header(headers, "x-ratelimit-nearlimit") == Some("true");
            let step = if near { 0.0 } else { 1.0 / state.allowed };
            state.allowed = (state.allowed + step).min(self.pace.most);
        }
        if refused || used_up {
            let told = told(headers);
            let wait = match told {
                Some(told) => told.min(LONGEST) + Duration::from_millis(rand::random_range(0..500)),
                None if refused => super::backoff(state.refused_in_a_row),
                None => return,
            };
            let until = Instant::now() + wait;
            state.closed_until = Some(state.closed_until.map_or(until, |known| known.max(until)));
        }
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.lock().in_flight -= 1;
        self.pace.freed.notify_waiters();
    }
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok().map(str::trim)
}

/// How long the answer says to wait: seconds, a date, or the moment at which the limit is reset.
fn told(headers: &HeaderMap) -> Option<Duration> {
    let after = header(headers, RETRY_AFTER.as_str());
    if let Some(seconds) = after.and_then(|text| text.parse().ok()) {
        return Some(Duration::from_secs(seconds));
    }
    let date = after.and_then(|text| jiff::fmt::rfc2822::parse(text).ok()).map(|date| date.timestamp());
    let until = date.or_else(|| header(headers, "x-ratelimit-reset")?.parse().ok())?;
    // By the clock of whoever wrote it, which need not be ours.
    let now = header(headers, DATE.as_str()).and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    let now = now.map_or_else(Timestamp::now, |date| date.timestamp());
    Some(Duration::try_from(until.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refuse(pace: &Pace, headers: &HeaderMap) {
        pace.turn().await.learn(StatusCode::TOO_MANY_REQUESTS, headers);
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_than_allowed_are_under_way_and_a_freed_place_is_taken() {
        let pace = Pace::new(2);
        let (one, _two) = (pace.turn().await, pace.turn().await);
        assert!(tokio::time::timeout(Duration::from_secs(9), pace.turn()).await.is_err());
        drop(one);
        let _three = pace.turn().await;
        assert_eq!(pace.state().in_flight, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_halves_the_pace_and_answers_bring_it_back() {
        let pace = Pace::new(8);
        refuse(&pace, &HeaderMap::new()).await;
        assert_eq!(pace.state().allowed, 4);
        for _ in 0..40 {
            pace.turn().await.learn(StatusCode::OK, &HeaderMap::new());
        }
        assert_eq!(pace.state().allowed, 8);
    }

    #[tokio::test(start_paused = true)]
    async fn headers_say_how_long_and_not_for_ever() {
        let in_twenty = Timestamp::now() + Duration::from_secs(20);
        let in_twenty =
            jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&in_twenty).unwrap();
        for (name, value, least, most) in [
            ("retry-after", "7".to_owned(), 7, 8),
            ("retry-after", in_twenty, 18, 21),
            ("x-ratelimit-reset", (Timestamp::now() + Duration::from_secs(20)).to_string(), 18, 21),
            ("retry-after", "86400".to_owned(), 120, 121),
        ] {
            let pace = Pace::new(8);
            let headers =
                [(http::HeaderName::from_static(name), value.parse().unwrap())].into_iter().collect();
            refuse(&pace, &headers).await;
            let began = Instant::now();
            drop(pace.turn().await);
            let waited = began.elapsed().as_secs();
            assert!((least..=most).contains(&waited), "{name}: {waited}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn without_headers_the_door_stays_closed_longer_each_time() {
        let pace = Pace::new(4);
        let mut waits = Vec::new();
        for _ in 0..6 {
            let began = Instant::now();
            refuse(&pace, &HeaderMap::new()).await;
            waits.push(began.elapsed());
        }
        assert!(waits[5] > Duration::from_secs(3), "{waits:?}");
        assert!(waits.iter().sum::<Duration>() < Duration::from_mins(1));
    }
}
