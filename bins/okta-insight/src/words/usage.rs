//! Requirements of arguments.

pub(crate) const DURATION: &str = "must be a number and a unit: s, m, h, or d, such as 30s, 15m, 6h, or 1d";
pub(crate) const NOT_ZERO: &str = "must be greater than zero";
pub(crate) const PAUSE_LENGTH: &str = "must be from 1s to 365d";
pub(crate) const SEARCH: &str = "must have at most 200 characters";
pub(crate) const ADDRESS: &str = "must be HOST:PORT, such as 127.0.0.1:8080";
pub(crate) const RUN_ID: &str = "must be a run ID, such as 42; `okta-insight runs` lists them";
pub(crate) const SERVER: &str = "must be a URL, such as https://sync.example.com";
pub(crate) const RATE_LIMIT: &str = "must be a number of requests per minute, or off";

/// The range of a whole number.
pub(crate) fn range(least: u64, most: Option<u64>) -> String {
    match most {
        Some(most) => format!("must be from {least} to {most}"),
        None => format!("must be a whole number, {least} or more"),
    }
}
