//! Limits of the hook receiver: memory for bodies, time, and log lines that unauthenticated clients can cause.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody as _, to_bytes};
use axum::http::StatusCode;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// Okta documents no maximum; a delivery of a few hundred events is far smaller.
pub(super) const BODY_LIMIT: usize = 4 << 20;
/// The memory limit for all bodies in flight, in KiB.
const BODIES: usize = 32 << 10;
/// Okta waits three seconds for a response and repeats a delivery once: a rejection is better than a late response.
const READ: Duration = Duration::from_millis(2_500);
/// The interval between log lines about one kind of rejection.
const QUIET: Duration = Duration::from_mins(1);

/// A reason to reject a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// No connection of that name receives deliveries.
    UnknownConnection,
    /// The secret is wrong or missing.
    Secret,
    /// The body is longer than any delivery.
    Length,
    /// The body is too slow, or no delivery.
    Body,
    /// Other bodies use all available memory.
    Busy,
    /// The store was too slow.
    Store,
}

impl Refused {
    const ALL: [Self; 6] =
        [Self::UnknownConnection, Self::Secret, Self::Length, Self::Body, Self::Busy, Self::Store];

    /// Its name in metrics.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownConnection => "unknown_connection",
            Self::Secret => "secret",
            Self::Length => "length",
            Self::Body => "body",
            Self::Busy => "busy",
            Self::Store => "store",
        }
    }

    pub(super) const fn status(self) -> StatusCode {
        match self {
            Self::UnknownConnection => StatusCode::NOT_FOUND,
            Self::Secret => StatusCode::UNAUTHORIZED,
            Self::Length => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Body => StatusCode::BAD_REQUEST,
            Self::Busy | Self::Store => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The shared bounds and counts.
#[derive(Debug)]
pub(crate) struct Intake {
    bodies: Semaphore,
    refused: [Refusals; Refused::ALL.len()],
}

#[derive(Debug, Default)]
struct Refusals {
    count: AtomicU64,
    /// The time of the last log line, and the count at that time.
    logged: Mutex<Option<(Instant, u64)>>,
}

impl Default for Intake {
    fn default() -> Self {
        Self { bodies: Semaphore::new(BODIES), refused: Default::default() }
    }
}

impl Intake {
    /// Reads a body within its bounds.
    pub(super) async fn read(&self, body: Body) -> Result<Bytes, Refused> {
        let length = body.size_hint().upper().unwrap_or(BODY_LIMIT as u64);
        if length > BODY_LIMIT as u64 {
            return Err(Refused::Length);
        }
        let room = u32::try_from(length.div_ceil(1024)).unwrap_or(u32::MAX);
        let deadline = Instant::now() + READ;
        let room = tokio::time::timeout_at(deadline, self.bodies.acquire_many(room)).await;
        let Ok(Ok(room)) = room else { return Err(Refused::Busy) };
        let read = tokio::time::timeout_at(deadline, to_bytes(body, BODY_LIMIT)).await;
        drop(room);
        read.ok().and_then(Result::ok).ok_or(Refused::Body)
    }

    /// The result of `stored`, unless it is too slow.
    pub(super) async fn in_time<T>(&self, stored: impl Future<Output = T>) -> Option<T> {
        timeout(READ, stored).await.ok()
    }

    /// Counts a rejection. The first one of a kind is logged at once, and the number of later ones at intervals.
    pub(super) fn refuse(&self, reason: Refused, connection: &str, problem: &str) -> StatusCode {
        let refusals = &self.refused[reason as usize];
        let count = refusals.count.fetch_add(1, Ordering::Relaxed) + 1;
        let now = Instant::now();
        let mut logged = refusals.logged.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match *logged {
            Some((at, _)) if now.duration_since(at) < QUIET => None,
            Some((_, before)) => Some(count - before),
            None => Some(count),
        };
        if let Some(deliveries) = since {
            *logged = Some((now, count));
            drop(logged);
            let connection: String = connection.chars().take(64).collect();
            tracing::warn!(
                reason = reason.as_str(),
                deliveries,
                last_connection = connection,
                problem,
                "rejected deliveries"
            );
        }
        reason.status()
    }

    /// Rejected deliveries by reason, since the process started.
    pub(crate) fn refused(&self) -> [(Refused, u64); Refused::ALL.len()] {
        Refused::ALL.map(|reason| (reason, self.refused[reason as usize].count.load(Ordering::Relaxed)))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn slow_body_is_given_up() {
        let endless = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        assert_eq!(Intake::default().read(Body::from_stream(endless)).await, Err(Refused::Body));
    }

    #[tokio::test(start_paused = true)]
    async fn bodies_share_their_memory() {
        let intake = Arc::new(Intake::default());
        let endless = || Body::from_stream(futures::stream::pending::<Result<Bytes, std::io::Error>>());
        let held: Vec<_> = (0..8)
            .map(|_| {
                let (intake, body) = (Arc::clone(&intake), endless());
                tokio::spawn(async move { intake.read(body).await })
            })
            .collect();
        tokio::task::yield_now().await;
        // The clock stands still until all of them read.
        assert_eq!(intake.bodies.available_permits(), 0);
        assert_eq!(intake.read(endless()).await, Err(Refused::Busy));
        for body in held {
            assert_eq!(body.await.unwrap(), Err(Refused::Body));
        }
        assert_eq!(intake.bodies.available_permits(), BODIES);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_are_counted_by_reason() {
        let intake = Intake::default();
        for _ in 0..3 {
            assert_eq!(intake.refuse(Refused::Secret, "main", ""), StatusCode::UNAUTHORIZED);
        }
        assert_eq!(intake.refused()[1], (Refused::Secret, 3));
        assert_eq!(intake.refused()[0], (Refused::UnknownConnection, 0));
    }
}
