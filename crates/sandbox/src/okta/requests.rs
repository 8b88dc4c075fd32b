//! Rate-limit buckets and their request counts.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

/// A limit that is never reached, for orgs without one.
const NO_LIMIT: u64 = 1_000_000;
const WINDOW: i64 = 60;

/// The resources that the app's admin role covers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Everything,
    /// Everything but the schemas and user types.
    NoSchemas,
    Nothing,
}

/// The requests by bucket.
pub(super) struct Requests {
    limit: u64,
    buckets: BTreeMap<&'static str, Bucket>,
    pub(super) tokens: u64,
    pub(super) role: Role,
}

#[derive(Default)]
struct Bucket {
    window: i64,
    used: u64,
    total: u64,
    refused: u64,
}

/// The state of a bucket after a request.
#[derive(Clone, Copy)]
pub(super) struct Budget {
    pub(super) limit: u64,
    pub(super) remaining: u64,
    pub(super) reset: i64,
    pub(super) admitted: bool,
}

impl Requests {
    pub(super) fn new(limit: Option<u64>) -> Self {
        Self { limit: limit.unwrap_or(NO_LIMIT), buckets: BTreeMap::new(), tokens: 0, role: Role::Everything }
    }

    /// Changes how many requests a minute a bucket allows, from now on.
    pub(super) fn set_limit(&mut self, limit: Option<u64>) {
        self.limit = limit.unwrap_or(NO_LIMIT);
    }

    /// Counts a request.
    pub(super) fn count(&mut self, name: &'static str, now: Timestamp) -> Budget {
        let now = now.as_second();
        let bucket = self.buckets.entry(name).or_default();
        if now >= bucket.window + WINDOW {
            bucket.window = now;
            bucket.used = 0;
        }
        let admitted = bucket.used < self.limit;
        bucket.total += 1;
        if admitted {
            bucket.used += 1;
        } else {
            bucket.refused += 1;
        }
        Budget {
            limit: self.limit,
            remaining: self.limit.saturating_sub(bucket.used),
            reset: bucket.window + WINDOW,
            admitted,
        }
    }

    pub(super) fn stats(&self) -> Value {
        let total: u64 = self.buckets.values().map(|b| b.total).sum();
        let refused: u64 = self.buckets.values().map(|b| b.refused).sum();
        let buckets: BTreeMap<_, _> = self.buckets.iter().map(|(name, b)| (name, b.total)).collect();
        json!({ "requests": total, "refused": refused, "tokens": self.tokens, "buckets": buckets })
    }
}
