//! Values of arguments. Each error states the requirement.

use std::net::SocketAddr;
use std::str::FromStr;
use std::time::Duration;

use reqwest::Url;

use crate::words::usage;

/// A duration, such as `30s`, `15m`, `6h`, or `1d`.
pub(crate) fn any_duration(text: &str) -> Result<Duration, String> {
    sync_engine::interval(text).ok_or_else(|| usage::DURATION.to_owned())
}

/// A duration that is greater than zero.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    match any_duration(text)? {
        Duration::ZERO => Err(usage::NOT_ZERO.to_owned()),
        duration => Ok(duration),
    }
}

/// The length of a pause, within the limits of the API.
pub(crate) fn pause_length(text: &str) -> Result<Duration, String> {
    let limits = Duration::from_secs(1)..=Duration::from_hours(365 * 24);
    Some(duration(text)?).filter(|time| limits.contains(time)).ok_or_else(|| usage::PAUSE_LENGTH.to_owned())
}

/// A text to search events for, within the limit of the API.
pub(crate) fn search(text: &str) -> Result<String, String> {
    Some(text)
        .filter(|text| text.chars().count() <= 200)
        .map(str::to_owned)
        .ok_or_else(|| usage::SEARCH.to_owned())
}

/// The most entries of a list.
pub(crate) fn limit(text: &str) -> Result<u32, String> {
    whole(text, 1, Some(1000))
}

/// The most objects that are deleted.
pub(crate) fn prune_limit(text: &str) -> Result<u32, String> {
    whole(text, 1, None)
}

/// The most objects of a plan that are listed.
pub(crate) fn plan_limit(text: &str) -> Result<u32, String> {
    whole(text, 0, None)
}

/// The size of an RSA key.
pub(crate) fn key_size(text: &str) -> Result<u32, String> {
    whole(text, 2048, Some(8192)).map_err(|requirement| format!("key size {requirement} bits"))
}

/// A number of things.
pub(crate) fn quantity(text: &str) -> Result<usize, String> {
    whole(text, 0, None)
}

/// A seed of invented data.
pub(crate) fn seed(text: &str) -> Result<u64, String> {
    whole(text, 0, None)
}

/// The ID of a run.
pub(crate) fn run_id(text: &str) -> Result<i64, String> {
    text.trim().parse().ok().filter(|id| *id > 0).ok_or_else(|| usage::RUN_ID.to_owned())
}

/// An address to listen on.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    text.trim().parse().map_err(|_| usage::ADDRESS.to_owned())
}

fn whole<N: TryFrom<u64>>(text: &str, least: u64, most: Option<u64>) -> Result<N, String> {
    let number = text.trim().parse::<u64>().ok();
    let number = number.filter(|n| *n >= least && most.is_none_or(|most| *n <= most));
    number.and_then(|n| N::try_from(n).ok()).ok_or_else(|| usage::range(least, most))
}

/// The URL of a daemon, or nothing: an empty variable names none.
#[derive(Debug, Clone)]
pub(crate) struct Server(pub(crate) Option<Url>);

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        text.parse().map(|url| Self(Some(url))).map_err(|_| usage::SERVER.to_owned())
    }
}

/// Requests per minute, or no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit(pub(crate) Option<u64>);

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "off" => Ok(Self(None)),
            number => number.parse().map(|limit| Self(Some(limit))).map_err(|_| usage::RATE_LIMIT.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_state_the_requirement() {
        let errors = [
            limit("0").unwrap_err(),
            limit("1001").unwrap_err(),
            plan_limit("-3").unwrap_err(),
            key_size("512").unwrap_err(),
            quantity("-1").unwrap_err(),
            duration("0m").unwrap_err(),
            pause_length("366d").unwrap_err(),
            search(&"x".repeat(201)).unwrap_err(),
            run_id("abc").unwrap_err(),
            address("127.0.0.1").unwrap_err(),
        ];
        assert_eq!(
            errors.each_ref().map(String::as_str),
            [
                "must be from 1 to 1000",
                "must be from 1 to 1000",
                "must be a whole number, 0 or more",
                "key size must be from 2048 to 8192 bits",
                "must be a whole number, 0 or more",
                "must be greater than zero",
                "must be from 1s to 365d",
                "must have at most 200 characters",
                "must be a run ID, such as 42; `okta-insight runs` lists them",
                "must be HOST:PORT, such as 127.0.0.1:8080",
            ]
        );
    }

    #[test]
    fn values_are_read() {
        assert_eq!((limit("1000"), key_size("4096"), run_id("42")), (Ok(1000), Ok(4096), Ok(42)));
        assert_eq!(duration("2h"), Ok(Duration::from_hours(2)));
        assert_eq!(any_duration("0s"), Ok(Duration::ZERO));
        assert!("".parse::<Server>().is_ok_and(|server| server.0.is_none()));
    }
}
