//! Failed sign-ins: a limit per minute for each client and for each token prefix. A valid token is never delayed.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use sha2::{Digest, Sha256};
use sync_daemon::client_network;
use tokio::time::Instant;

const WINDOW: Duration = Duration::from_mins(1);
/// Failures of one client in the window.
const MAX_PER_CLIENT: usize = 5;
/// The maximum number of failures in the window with the same token prefix, from any client.
const MAX_PER_PREFIX: usize = 20;
/// The maximum number of stored failures; the oldest are dropped first. It limits memory and delays no other client.
const MAX_FAILURES: usize = 4096;
/// Characters of a token that count as its beginning, `oia_` included.
const PREFIX: usize = 12;

/// The failures of the last minute.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    failures: VecDeque<Failure>,
    /// The time of the last log line about failures, and the number of failures since.
    logged_at: Option<Instant>,
    unlogged: u64,
}

#[derive(Debug)]
struct Failure {
    at: Instant,
    client: IpAddr,
    /// A hash, so that no part of a token is stored.
    prefix: Option<[u8; 8]>,
}

impl Throttle {
    /// Counts an attempt without a token as failed until it is [forgiven](Self::forgive), so that many at once are not
    /// more than one after the other. Otherwise the time to wait.
    pub(super) fn attempt(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        self.count(from, None, now)
    }

    /// Counts a rejected token. An error if the client, or others with the same token prefix, failed too often: the
    /// time to wait.
    pub(super) fn refuse(&mut self, from: IpAddr, token: &str, now: Instant) -> Result<(), Duration> {
        let beginning: String = token.chars().take(PREFIX).collect();
        let digest: [u8; 32] = Sha256::digest(beginning.as_bytes()).into();
        let mut prefix = [0; 8];
        prefix.copy_from_slice(&digest[..8]);
        self.count(from, Some(prefix), now)
    }

    fn count(&mut self, from: IpAddr, prefix: Option<[u8; 8]>, now: Instant) -> Result<(), Duration> {
        while self.failures.front().is_some_and(|failure| now.duration_since(failure.at) >= WINDOW) {
            self.failures.pop_front();
        }
        let client = client_network(from);
        let oldest_of = |most: usize, of: &dyn Fn(&Failure) -> bool| {
            let mut of = self.failures.iter().filter(|failure| of(failure)).map(|failure| failure.at);
            let first = of.next();
            first.filter(|_| of.count() + 1 >= most)
        };
        let full = oldest_of(MAX_PER_CLIENT, &|failure| failure.client == client).or_else(|| {
            prefix.and_then(|prefix| oldest_of(MAX_PER_PREFIX, &|failure| failure.prefix == Some(prefix)))
        });
        if let Some(oldest) = full {
            return Err(WINDOW.saturating_sub(now.duration_since(oldest)));
        }
        if self.failures.len() >= MAX_FAILURES {
            self.failures.pop_front();
        }
        self.failures.push_back(Failure { at: now, client, prefix });
        Ok(())
    }

    /// Reverts the last attempt of a client: it succeeded.
    pub(super) fn forgive(&mut self, from: IpAddr) {
        let client = client_network(from);
        if let Some(at) = self.failures.iter().rposition(|failure| failure.client == client) {
            self.failures.remove(at);
        }
    }

    /// The number of failures to log; `None` if a line was logged recently.
    pub(super) fn unlogged_attempts(&mut self, now: Instant) -> Option<u64> {
        self.unlogged += 1;
        if self.logged_at.is_some_and(|logged_at| now.duration_since(logged_at) < WINDOW) {
            return None;
        }
        self.logged_at = Some(now);
        Some(std::mem::take(&mut self.unlogged))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn client_waits_and_others_do_not() {
        let (mut throttle, start) = (Throttle::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        for second in 0..5 {
            throttle.attempt(address("192.0.2.1"), after(second)).unwrap();
        }
        assert_eq!(throttle.attempt(address("192.0.2.1"), after(10)), Err(Duration::from_secs(50)));
        assert_eq!(throttle.attempt(address("::ffff:192.0.2.1"), after(10)), Err(Duration::from_secs(50)));
        throttle.attempt(address("192.0.2.2"), after(10)).unwrap();
        throttle.attempt(address("192.0.2.1"), after(60)).unwrap();
        assert!(throttle.attempt(address("192.0.2.1"), after(60)).is_err());
    }

    #[test]
    fn strangers_never_hold_up_another() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..2 * MAX_FAILURES {
            let from = address(&format!("2001:db8:{:x}:{:x}::1", n / 65536, n % 65536));
            throttle.refuse(from, &format!("oia_{n:08}"), now).unwrap();
        }
        assert_eq!(throttle.failures.len(), MAX_FAILURES);
        throttle.attempt(address("192.0.2.1"), now).unwrap();
    }

    #[test]
    fn tokens_that_begin_alike_wait() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let from = |n: usize| address(&format!("192.0.2.{n}"));
        for n in 0..MAX_PER_PREFIX {
            throttle.refuse(from(n), &format!("oia_abcdefgh{n}"), now).unwrap();
        }
        assert!(throttle.refuse(from(100), "oia_abcdefghz", now).is_err());
        throttle.refuse(from(100), "oia_other", now).unwrap();
    }

    #[test]
    fn one_network_is_one_client() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        for n in 0..20 {
            throttle.attempt(address(&format!("2001:db8::{n}")), now).unwrap();
            throttle.forgive(address("2001:db8::ffff"));
        }
        for n in 0..5 {
            throttle.attempt(address(&format!("2001:db8::{n}")), now).unwrap();
        }
        assert!(throttle.attempt(address("2001:db8::99"), now).is_err());
    }

    #[test]
    fn failures_are_logged_once_per_minute() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        assert_eq!(
            [0, 1, 59].map(|s| throttle.unlogged_attempts(now + Duration::from_secs(s))),
            [Some(1), None, None]
        );
        assert_eq!(throttle.unlogged_attempts(now + WINDOW), Some(3));
    }
}
