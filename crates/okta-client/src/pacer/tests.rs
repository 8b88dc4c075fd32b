//! The pacer against a counting server, on paused time.

use std::sync::atomic::{AtomicU64, Ordering};

use http::HeaderName;

use super::*;

mod refusals;

const NOON: u64 = 1_800_000_000;
const LATENCY: Duration = Duration::from_millis(80);

/// A server that counts as Okta does: a window begins with its first request and lasts a minute.
struct Server {
    limit: u64,
    latency: Duration,
    started: Instant,
    window: Mutex<(u64, u64)>,
    /// Requests that the pacer let go, and that were refused.
    refused: AtomicU64,
    /// Requests of the other consumer that were refused.
    others_refused: AtomicU64,
}

impl Server {
    fn new(limit: u64) -> Arc<Self> {
        Self::with_latency(limit, LATENCY)
    }

    fn with_latency(limit: u64, latency: Duration) -> Arc<Self> {
        Arc::new(Self {
            limit,
            latency,
            started: Instant::now(),
            window: Mutex::default(),
            refused: AtomicU64::new(0),
            others_refused: AtomicU64::new(0),
        })
    }

    fn date(&self) -> u64 {
        NOON + self.started.elapsed().as_secs()
    }

    /// Counts a request.
    fn admit(&self) -> (u16, u64, u64) {
        let now = self.date();
        let mut window = self.window.lock().unwrap();
        if now >= window.0 {
            *window = (now + 60, 0);
        }
        if window.1 == self.limit {
            return (429, 0, window.0);
        }
        window.1 += 1;
        (200, self.limit - window.1, window.0)
    }

    /// A request that takes its time there and back.
    async fn answer(&self) -> (u16, HeaderMap) {
        tokio::time::sleep(self.latency / 2).await;
        let (status, remaining, reset) = self.admit();
        if status == 429 {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
        let headers = answer(self.date(), self.limit, remaining, reset);
        tokio::time::sleep(self.latency / 2).await;
        (status, headers)
    }

    fn refused(&self) -> u64 {
        self.refused.load(Ordering::SeqCst)
    }

    fn others_refused(&self) -> u64 {
        self.others_refused.load(Ordering::SeqCst)
    }
}

fn answer(date: u64, limit: u64, remaining: u64, reset: u64) -> HeaderMap {
    let date = jiff::Timestamp::from_second(i64::try_from(date).unwrap()).unwrap();
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
    [
        ("date", date),
        ("x-rate-limit-limit", limit.to_string()),
        ("x-rate-limit-remaining", remaining.to_string()),
        ("x-rate-limit-reset", reset.to_string()),
    ]
    .into_iter()
    .map(|(name, value)| (HeaderName::from_static(name), value.parse().unwrap()))
    .collect()
}

async fn call(pacer: &Pacer, server: &Server, priority: Priority) -> u16 {
    let slot = pacer.turn("b", priority).await;
    let (status, headers) = server.answer().await;
    slot.learn(status, &headers);
    status
}

/// As many callers as ask for more than there is, without end. Counts what they got.
fn demand(pacer: &Pacer, server: &Arc<Server>, priority: Priority, callers: usize) -> Arc<AtomicU64> {
    let got = Arc::new(AtomicU64::new(0));
    for _ in 0..callers {
        let (pacer, server, got) = (pacer.clone(), Arc::clone(server), Arc::clone(&got));
        tokio::spawn(async move {
            loop {
                if call(&pacer, &server, priority).await == 200 {
                    got.fetch_add(1, Ordering::SeqCst);
                }
            }
        });
    }
    got
}

/// Somebody else with the same app, who knows nothing of us.
fn other_consumer(server: &Arc<Server>, per_minute: u32) {
    let server = Arc::clone(server);
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_mins(1) / per_minute).await;
            if server.admit().0 == 429 {
                server.others_refused.fetch_add(1, Ordering::SeqCst);
            }
        }
    });
}

/// The share of what there is that somebody got in so many minutes.
#[allow(clippy::cast_precision_loss)]
async fn used(got: &AtomicU64, available_per_minute: u64, minutes: u64) -> f64 {
    let before = got.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_mins(minutes)).await;
    (got.load(Ordering::SeqCst) - before) as f64 / (available_per_minute * minutes) as f64
}

#[tokio::test(start_paused = true)]
async fn sole_consumer_uses_full_limit() {
    for limit in [50, 100, 600, 2000] {
        let (pacer, server) = (Pacer::default(), Server::new(limit));
        let got = demand(&pacer, &server, Priority::Normal, 30);
        let share = used(&got, limit, 20).await;
        assert!(share >= 0.95, "{limit} a minute: {share}");
        assert_eq!(server.refused(), 0, "{limit} a minute");
    }
}

#[tokio::test(start_paused = true)]
async fn shared_limit_is_used_without_throttling() {
    for (limit, theirs) in [(100, 30), (600, 60), (600, 200), (600, 400), (1200, 500)] {
        let (pacer, server) = (Pacer::default(), Server::new(limit));
        other_consumer(&server, theirs);
        let got = demand(&pacer, &server, Priority::Normal, 30);
        // The first window is a surprise; from then on the other's habit is known.
        tokio::time::sleep(Duration::from_mins(1)).await;
        let before = server.others_refused();
        let share = used(&got, limit - u64::from(theirs), 20).await;
        assert!(share >= 0.95, "{limit} a minute, {theirs} for others: {share}");
        assert_eq!(server.refused(), 0, "{limit} a minute, {theirs} for others");
        assert_eq!(server.others_refused() - before, 0, "{limit} a minute, {theirs} for others");
    }
}

/// All of it at once: a bucket shared with another consumer, more normal demand than there is, an urgent request now and
/// then.
#[tokio::test(start_paused = true)]
async fn urgent_wait_never_exceeds_one_slot() {
    for (limit, theirs, latency) in
        [(50, 10, 80), (100, 20, 80), (120, 30, 80), (600, 100, 300), (600, 60, 1000), (2000, 300, 80)]
    {
        let case = format!("{limit} a minute, {theirs} for others, {latency} ms");
        let (pacer, server) =
            (Pacer::new(0.1, 30), Server::with_latency(limit, Duration::from_millis(latency)));
        other_consumer(&server, theirs);
        let got = demand(&pacer, &server, Priority::Normal, 30);
        tokio::time::sleep(Duration::from_mins(1)).await;
        let before = (got.load(Ordering::SeqCst), server.others_refused());
        // A slot: the time that one request of an evenly spread window has.
        let slot = Duration::from_mins(1) / u32::try_from(limit).unwrap();
        // Twice the head-room: more than that would be no head-room's to serve.
        let now_and_then = 60_000 / (limit / 5).min(25);
        let (mut urgent, end) = (0, Instant::now() + Duration::from_mins(10));
        while Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(now_and_then + urgent % 7 * 133)).await;
            let asked = Instant::now();
            let held = pacer.turn("b", Priority::Urgent).await;
            assert!(asked.elapsed() <= slot, "{case}, {urgent}: {:?}", asked.elapsed());
            let (status, headers) = server.answer().await;
            held.learn(status, &headers);
            urgent += 1;
        }
        #[allow(clippy::cast_precision_loss)]
        let share = (got.load(Ordering::SeqCst) - before.0 + urgent) as f64
            / ((limit - u64::from(theirs)) * 10) as f64;
        assert!(share >= 0.95, "{case}: {share}");
        assert_eq!((server.refused(), server.others_refused() - before.1), (0, 0), "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn urgent_requests_do_not_starve_normal() {
    let (pacer, server) = (Pacer::default(), Server::new(600));
    let urgent = demand(&pacer, &server, Priority::Urgent, 50);
    let others = demand(&pacer, &server, Priority::Normal, 5);
    tokio::time::sleep(Duration::from_mins(10)).await;
    let (urgent, others) = (urgent.load(Ordering::SeqCst), others.load(Ordering::SeqCst));
    assert!(others * 6 >= urgent, "{urgent} urgent, {others} others");
    assert!(urgent > others * 3, "{urgent} urgent, {others} others");
    assert_eq!(server.refused(), 0);
}

#[tokio::test(start_paused = true)]
async fn missing_rate_headers_cause_no_delay() {
    let pacer = Pacer::default();
    let start = Instant::now();
    for _ in 0..10_000 {
        pacer.turn("b", Priority::Normal).await.learn(200, &HeaderMap::new());
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn first_request_discovers_the_window() {
    let pacer = Pacer::default();
    let first = pacer.turn("b", Priority::Normal).await;
    let second = tokio::spawn({
        let pacer = pacer.clone();
        async move { pacer.turn("b", Priority::Normal).await }
    });
    tokio::task::yield_now().await;
    assert!(!second.is_finished());
    first.learn(200, &answer(NOON, 100, 1, NOON + 60));
    drop(first);
    let start = Instant::now();
    drop(second.await.unwrap());
    assert!(start.elapsed() >= Duration::from_secs(59), "only the last few were left: {:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn reset_is_relative_to_response_date() {
    let pacer = Pacer::default();
    // This org's clock is years away from ours.
    pacer.turn("b", Priority::Normal).await.learn(429, &answer(1_000_000, 100, 0, 1_000_020));
    let start = Instant::now();
    drop(pacer.turn("b", Priority::Normal).await);
    let waited = start.elapsed();
    assert!(waited > Duration::from_secs(20) && waited < Duration::from_secs(22), "{waited:?}");
    assert_eq!(pacer.state().refused, 1);
}

#[tokio::test(start_paused = true)]
async fn concurrency_limit_halves_then_recovers() {
    let pacer = Pacer::new(0.1, 8);
    let busy = || answer(NOON, 0, 0, NOON + 60);
    let together: Vec<Slot> =
        vec![pacer.turn("b", Priority::Normal).await, pacer.turn("c", Priority::Normal).await];
    for slot in together {
        slot.learn(429, &busy());
    }
    assert_eq!(pacer.state().concurrency, 4, "one complaint, whoever heard it");
    assert!(pacer.opens_in("b") <= Duration::from_millis(1500), "the bucket itself is not used up");
    for expected in [2, 1, 1] {
        tokio::time::sleep(Duration::from_secs(2)).await;
        pacer.turn("b", Priority::Normal).await.learn(429, &busy());
        assert_eq!(pacer.state().concurrency, expected);
    }
    for _ in 0..400 {
        pacer.turn("b", Priority::Normal).await.learn(200, &HeaderMap::new());
    }
    assert_eq!(pacer.state().concurrency, 8);
}

#[tokio::test(start_paused = true)]
async fn urgent_request_gets_next_free_slot() {
    let pacer = Pacer::new(0.1, 3);
    pacer.turn("b", Priority::Normal).await.learn(200, &HeaderMap::new());
    let normal = [pacer.turn("b", Priority::Normal).await, pacer.turn("b", Priority::Normal).await];
    let another = tokio::time::timeout(Duration::from_secs(1), pacer.turn("b", Priority::Normal)).await;
    assert!(another.is_err(), "the last place is kept");
    let held = (normal, pacer.turn("b", Priority::Urgent).await);
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (name, priority) in [("normal", Priority::Normal), ("urgent", Priority::Urgent)] {
        let (pacer, order) = (pacer.clone(), Arc::clone(&order));
        tasks.push(tokio::spawn(async move {
            let _slot = pacer.turn("b", priority).await;
            order.lock().unwrap().push(name);
        }));
        tokio::task::yield_now().await;
    }
    assert_eq!((pacer.state().in_flight, pacer.state().queued), (3, 2));
    drop(held);
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(*order.lock().unwrap(), ["urgent", "normal"]);
}

#[tokio::test(start_paused = true)]
async fn canceled_wait_does_not_block_others() {
    let pacer = Pacer::new(0.1, 1);
    let held = pacer.turn("b", Priority::Normal).await;
    let impatient = tokio::time::timeout(Duration::from_secs(1), pacer.turn("b", Priority::Normal));
    let patient = tokio::spawn({
        let pacer = pacer.clone();
        async move { drop(pacer.turn("b", Priority::Normal).await) }
    });
    assert!(impatient.await.is_err());
    drop(held);
    tokio::time::timeout(Duration::from_secs(1), patient).await.unwrap().unwrap();
    assert_eq!((pacer.state().in_flight, pacer.state().queued), (0, 0));
}

/// Others have used a sixth of the limit, and the reset is half a minute away.
#[expect(clippy::disallowed_methods, reason = "the window's end is a date of this machine's clock")]
#[tokio::test(start_paused = true)]
async fn skewed_date_does_not_slow_pacing() {
    for behind in [0, 45, 120, 86_400, -120] {
        let (pacer, started) = (Pacer::default(), Instant::now());
        let now = u64::try_from(jiff::Timestamp::now().as_second()).unwrap();
        let date = now.checked_add_signed(-behind).unwrap();
        for sent in 1..=15 {
            pacer.turn("b", Priority::Normal).await.learn(200, &answer(date, 600, 500 - sent, now + 30));
        }
        assert!(
            started.elapsed() < Duration::from_secs(3),
            "Date {behind} s behind: {:?}",
            started.elapsed()
        );
        assert!(pacer.state().clock_skew_seconds.is_some_and(|skew| (skew + behind).abs() <= 2));
    }
}

#[tokio::test(start_paused = true)]
async fn backward_org_clock_starts_new_window() {
    let pacer = Pacer::default();
    pacer.turn("b", Priority::Normal).await.learn(200, &answer(NOON, 100, 99, NOON + 60));
    tokio::time::sleep(Duration::from_secs(61)).await;
    pacer.turn("b", Priority::Normal).await.learn(200, &answer(NOON - 3600, 100, 42, NOON - 3540));
    assert_eq!(pacer.state().buckets["b"].remaining, 42);
}

#[tokio::test(start_paused = true)]
async fn zero_limit_with_success_is_ignored() {
    let pacer = Pacer::default();
    pacer.turn("b", Priority::Normal).await.learn(200, &answer(NOON, 0, 0, NOON + 60));
    assert_eq!(pacer.opens_in("b"), Duration::ZERO);
}
