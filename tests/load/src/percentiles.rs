//! Times in few numbers.

use std::time::Duration;

use serde_json::{Value, json};

/// The times that half of them, 99 of 100 of them, and all of them stayed below, in milliseconds.
pub(crate) fn percentiles(mut times: Vec<Duration>) -> Value {
    times.sort_unstable();
    let at = |percent: usize| {
        let index = (times.len() * percent).div_ceil(100).saturating_sub(1);
        times.get(index).map(|time| (time.as_secs_f64() * 10_000.0).round() / 10.0)
    };
    json!({ "p50": at(50), "p99": at(99), "max": at(100) })
}
