//! The trace of an attempt, and the pause before the next one.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use tracing::Span;

/// Records Okta's ID of the request in the span.
pub(crate) fn record(status: StatusCode, headers: &HeaderMap) {
    let span = Span::current();
    span.record("status", status.as_u16());
    if let Some(id) = headers.get("x-okta-request-id").and_then(|v| v.to_str().ok()) {
        span.record("request_id", id);
    }
    tracing::trace!("answered");
}

/// A pause that doubles with every failure, from half a second to half a minute, and differs from task to task.
pub(crate) fn pause(failures: u32) -> Duration {
    let full = Duration::from_millis(500 * (1 << failures.clamp(1, 7) >> 1));
    full.min(Duration::from_secs(30)).mul_f64(rand::random_range(0.5..1.0))
}
