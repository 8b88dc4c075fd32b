//! The order of requests. Two priorities, one queue of each per bucket, one limit of active requests.
//!
//! No clock and no waiting: `now` is an argument, and a queued request checks its turn again when it is woken.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::bucket::Bucket;
use super::headers::RateHeaders;
use super::priority::Priority;
use super::state::BucketState;

/// The number of consecutive urgent requests after which another request is sent.
const URGENT_IN_A_ROW: u32 = 4;
/// The number of requests that must succeed before the limit grows by one, after Okta reported too many.
const RECOVERY: f64 = 50.0;
/// Rejections of concurrent requests count once.
const ONE_COMPLAINT: Duration = Duration::from_secs(1);

/// A place in the queue of a bucket.
#[derive(Debug)]
struct Waiter {
    ticket: u64,
    wake: Arc<Notify>,
}

#[derive(Debug)]
struct Queue {
    bucket: Bucket,
    urgent: VecDeque<Waiter>,
    normal: VecDeque<Waiter>,
}

impl Queue {
    const fn priority(&mut self, priority: Priority) -> &mut VecDeque<Waiter> {
        match priority {
            Priority::Urgent => &mut self.urgent,
            Priority::Normal => &mut self.normal,
        }
    }
}

/// The response to a waiting request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// It may go, and is counted.
    Go,
    /// The request checks again at this time, or when it is woken.
    At(Instant),
    /// The request checks again when it is woken.
    WhenWoken,
}

#[derive(Debug)]
pub(super) struct Scheduler {
    queues: BTreeMap<&'static str, Queue>,
    head_room: f64,
    most: f64,
    /// The limit of active requests; falls when Okta reports too many, and grows back.
    allowed: f64,
    last_complaint: Option<Instant>,
    in_flight: u64,
    urgent_in_a_row: u32,
    tickets: u64,
    pub(super) requests: u64,
    pub(super) refused: u64,
    /// The time of the next token request after a 429.
    pub(super) sign_in_opens: Option<Instant>,
    /// The `Date` of the last response that had one, and the time of its arrival.
    pub(super) server_time: Option<(Timestamp, Instant)>,
    /// The offset by the last response with a `Date`, in seconds.
    pub(super) clock_skew: Option<i64>,
}

impl Scheduler {
    // No org permits more than a few thousand concurrent requests.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn new(head_room: f64, concurrency: usize) -> Self {
        let most = concurrency.max(1) as f64;
        Self {
            queues: BTreeMap::new(),
            head_room: head_room.clamp(0.0, 0.9),
            most,
            allowed: most,
            last_complaint: None,
            in_flight: 0,
            urgent_in_a_row: 0,
            tickets: 0,
            requests: 0,
            refused: 0,
            sign_in_opens: None,
            server_time: None,
            clock_skew: None,
        }
    }

    fn queue(&mut self, bucket: &'static str, now: Instant) -> &mut Queue {
        self.queues.entry(bucket).or_insert_with(|| Queue {
            bucket: Bucket::new(now),
            urgent: VecDeque::new(),
            normal: VecDeque::new(),
        })
    }

    /// Joins a queue.
    pub(super) fn join(
        &mut self,
        bucket: &'static str,
        priority: Priority,
        now: Instant,
        wake: &Arc<Notify>,
    ) -> u64 {
        self.tickets += 1;
        let ticket = self.tickets;
        self.queue(bucket, now).priority(priority).push_back(Waiter { ticket, wake: Arc::clone(wake) });
        ticket
    }

    /// Removes a request from its queue.
    pub(super) fn cancel(&mut self, bucket: &'static str, priority: Priority, ticket: u64) {
        if let Some(queue) = self.queues.get_mut(bucket) {
            queue.priority(priority).retain(|waiter| waiter.ticket != ticket);
        }
        self.wake_heads();
    }

    /// Removes a waiter from the queue if it is its turn.
    pub(super) fn check_turn(
        &mut self,
        bucket: &'static str,
        priority: Priority,
        ticket: u64,
        now: Instant,
    ) -> Turn {
        let Some((next, its_bucket, its_priority)) = self.next(now) else {
            return self.when(bucket, priority, ticket, now);
        };
        if next != ticket {
            return self.when(bucket, priority, ticket, now);
        }
        let others_wait = self.queues.values().any(|queue| !queue.normal.is_empty());
        self.urgent_in_a_row =
            if its_priority == Priority::Urgent && others_wait { self.urgent_in_a_row + 1 } else { 0 };
        self.in_flight += 1;
        self.requests += 1;
        let head_room = self.head_room;
        let queue = self.queue(its_bucket, now);
        queue.priority(its_priority).pop_front();
        queue.bucket.take(now, head_room);
        self.wake_heads();
        Turn::Go
    }

    /// The time of the next possible attempt.
    fn when(&self, bucket: &'static str, priority: Priority, ticket: u64, now: Instant) -> Turn {
        let Some(queue) = self.queues.get(bucket) else { return Turn::WhenWoken };
        let line = if priority == Priority::Urgent { &queue.urgent } else { &queue.normal };
        if line.front().is_none_or(|head| head.ticket != ticket) || self.is_full(self.effective(priority)) {
            return Turn::WhenWoken;
        }
        let opens = queue.bucket.opens(now, self.effective(priority), self.head_room);
        // The bucket is open, but another request goes first and wakes the others.
        if opens > now { Turn::At(opens) } else { Turn::WhenWoken }
    }

    /// The last slot is reserved for an urgent request, unless it is the only one.
    const fn is_full(&self, priority: Priority) -> bool {
        match (priority, self.concurrency()) {
            (Priority::Normal, 2..) => self.in_flight + 1 >= self.concurrency(),
            (_, places) => self.in_flight >= places,
        }
    }

    /// If other requests have waited long enough, their next one counts as urgent.
    const fn effective(&self, priority: Priority) -> Priority {
        if self.urgent_in_a_row >= URGENT_IN_A_ROW { Priority::Urgent } else { priority }
    }

    /// The next request, if one may be sent now.
    fn next(&self, now: Instant) -> Option<(u64, &'static str, Priority)> {
        let oldest = |priority: Priority| {
            if self.is_full(self.effective(priority)) {
                return None;
            }
            self.queues
                .iter()
                .filter_map(|(&name, queue)| {
                    let line = if priority == Priority::Urgent { &queue.urgent } else { &queue.normal };
                    let head = line.front()?;
                    let opens = queue.bucket.opens(now, self.effective(priority), self.head_room);
                    (opens <= now).then_some((head.ticket, name, priority))
                })
                .min_by_key(|&(ticket, ..)| ticket)
        };
        if self.urgent_in_a_row >= URGENT_IN_A_ROW {
            oldest(Priority::Normal).or_else(|| oldest(Priority::Urgent))
        } else {
            oldest(Priority::Urgent).or_else(|| oldest(Priority::Normal))
        }
    }

    /// A request has ended.
    pub(super) fn release(&mut self, bucket: &'static str) {
        self.in_flight = self.in_flight.saturating_sub(1);
        if let Some(queue) = self.queues.get_mut(bucket) {
            queue.bucket.release();
        }
        self.wake_heads();
    }

    /// Updates the state from a response. Draws a random share to spread actions of several clients.
    pub(super) fn learn(
        &mut self,
        bucket: &'static str,
        status: u16,
        reported: Option<RateHeaders>,
        retry_after: Option<Duration>,
        now: Instant,
    ) {
        let refused = status == 429;
        self.refused += u64::from(refused);
        let random = rand::random_range(0.2..1.0);
        let crowded = refused && reported.is_some_and(|reported| reported.limit == 0);
        // A limit of zero is no bucket's.
        let reported = reported.filter(|reported| reported.limit > 0);
        if crowded {
            // The concurrency limit was exceeded, not the rate: the numbers don't describe the bucket.
            self.cut(now);
            self.queue(bucket, now).bucket.learn_blindly(now, true, retry_after, random);
        } else {
            if !refused {
                self.allowed = (self.allowed + 1.0 / RECOVERY).min(self.most);
            }
            let bucket = &mut self.queue(bucket, now).bucket;
            if let Some(reported) = reported {
                bucket.learn(now, reported, refused, retry_after, random);
            } else {
                bucket.learn_blindly(now, refused, retry_after, random);
            }
        }
        self.wake_heads();
    }

    /// Halves the limit of active requests.
    fn cut(&mut self, now: Instant) {
        if self.last_complaint.is_some_and(|last| now < last + ONE_COMPLAINT) {
            return;
        }
        self.last_complaint = Some(now);
        self.allowed = (self.allowed / 2.0).max(1.0);
    }

    /// Wakes the first request of each queue: it may be sent, or has a new time to wait for.
    fn wake_heads(&self) {
        for queue in self.queues.values() {
            for head in queue.urgent.front().into_iter().chain(queue.normal.front()) {
                head.wake.notify_one();
            }
        }
    }

    pub(super) fn opens_in(&self, bucket: &'static str, now: Instant) -> Duration {
        self.queues.get(bucket).map_or(Duration::ZERO, |queue| {
            queue.bucket.opens(now, Priority::Normal, self.head_room).saturating_duration_since(now)
        })
    }

    /// The time until the last bucket opens that a request waits for.
    pub(super) fn longest_wait(&self, now: Instant) -> Duration {
        let waited_for = self.queues.iter().filter(|(_, q)| !q.urgent.is_empty() || !q.normal.is_empty());
        waited_for.map(|(bucket, _)| self.opens_in(bucket, now)).max().unwrap_or_default()
    }

    /// The time until the token endpoint is requested again.
    pub(super) fn sign_in_opens_in(&self, now: Instant) -> Duration {
        self.sign_in_opens.map(|opens| opens.saturating_duration_since(now)).unwrap_or_default()
    }

    pub(super) fn buckets(&self, now: Instant) -> BTreeMap<&'static str, BucketState> {
        self.queues.iter().filter_map(|(&name, queue)| Some((name, queue.bucket.state(now)?))).collect()
    }

    pub(super) fn waiting(&self) -> usize {
        self.queues.values().map(|queue| queue.urgent.len() + queue.normal.len()).sum()
    }

    pub(super) const fn in_flight(&self) -> u64 {
        self.in_flight
    }

    // A share of a request is not allowed.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    pub(super) const fn concurrency(&self) -> u64 {
        self.allowed as u64
    }
}
