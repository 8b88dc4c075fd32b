//! Guessing takes time: few failures a minute, from one address and altogether.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

const WINDOW: Duration = Duration::from_mins(1);
const OF_ONE: usize = 5;
const OF_ALL: usize = 50;

/// The attempts of the last minute that did not succeed. The limit of all of them bounds the memory.
#[derive(Debug, Default)]
pub(super) struct Throttle {
    failures: VecDeque<(Instant, IpAddr)>,
}

impl Throttle {
    /// Counts an attempt as failed until it is [forgiven](Self::forgive), so that many at once are not more than one
    /// after the other. Otherwise how long to wait.
    pub(super) fn attempt(&mut self, from: IpAddr, now: Instant) -> Result<(), Duration> {
        while self.failures.front().is_some_and(|(at, _)| now.duration_since(*at) >= WINDOW) {
            self.failures.pop_front();
        }
        let from = network(from);
        let own: Vec<Instant> = self.failures.iter().filter(|(_, a)| *a == from).map(|(at, _)| *at).collect();
        let full = if own.len() >= OF_ONE {
            own.first().copied()
        } else {
            self.failures.front().map(|(at, _)| *at).filter(|_| self.failures.len() >= OF_ALL)
        };
        if let Some(oldest) = full {
            return Err(WINDOW.saturating_sub(now.duration_since(oldest)));
        }
        self.failures.push_back((now, from));
        Ok(())
    }

    /// Takes the last attempt of an address back: it succeeded.
    pub(super) fn forgive(&mut self, from: IpAddr) {
        let from = network(from);
        if let Some(at) = self.failures.iter().rposition(|(_, address)| *address == from) {
            self.failures.remove(at);
        }
    }
}

/// What one person can have: an IPv4 address, or the half of an IPv6 address that providers hand out.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn five_failures_of_an_address_have_to_wait_and_others_do_not() {
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
    fn fifty_failures_of_everybody_make_everybody_wait_and_memory_is_bounded() {
        let (mut throttle, now) = (Throttle::default(), Instant::now());
        let from = |n: usize| address(&format!("2001:db8:0:{n}::1"));
        let admitted = (0..500).filter(|n| throttle.attempt(from(*n), now).is_ok()).count();
        assert_eq!((admitted, throttle.failures.len()), (50, 50));
    }

    #[test]
    fn one_network_is_one_person_and_success_does_not_count() {
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
}
