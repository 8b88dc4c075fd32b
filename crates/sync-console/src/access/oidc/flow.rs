//! One sign-in between its two halves. No state of it is kept here: everything follows from a random text in a cookie
//! and a key of the console, so that sign-ins can't fill the memory.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::access::crypto::{derive, random_text};

/// The time limit of a sign-in at Okta, in seconds.
const MAX_AGE: i64 = 600;

/// A started sign-in.
pub(super) struct Flow {
    cookie: SecretString,
    /// The path to open afterwards.
    pub(super) next: String,
}

impl Flow {
    pub(super) fn begin(next: &str, now: Timestamp) -> Self {
        let random = random_text();
        let place = URL_SAFE_NO_PAD.encode(next);
        let cookie = format!("{}.{}.{place}", random.expose_secret(), now.as_second());
        Self { cookie: cookie.into(), next: next.to_owned() }
    }

    /// The one of a cookie, if it is not over.
    pub(super) fn of(cookie: &SecretString, now: Timestamp) -> Option<Self> {
        let mut parts = cookie.expose_secret().split('.');
        let (_, started_at, next) = (parts.next()?, parts.next()?.parse::<i64>().ok()?, parts.next()?);
        let next = String::from_utf8(URL_SAFE_NO_PAD.decode(next).ok()?).ok()?;
        let age = now.as_second().checked_sub(started_at)?;
        (0..MAX_AGE).contains(&age).then(|| Self { cookie: cookie.clone(), next })
    }

    pub(super) fn cookie(&self) -> SecretString {
        self.cookie.clone()
    }

    /// It holds for this cookie alone, time and place included, so that no part of that can be changed.
    pub(super) fn state(&self, key: &[u8]) -> String {
        derive(key, "state", self.cookie.expose_secret())
    }

    pub(super) fn nonce(&self, key: &[u8]) -> String {
        derive(key, "nonce", self.cookie.expose_secret())
    }

    /// The proof that the same client requests and redeems the code. 43 characters, the minimum length.
    pub(super) fn verifier(&self, key: &[u8]) -> SecretString {
        derive(key, "verifier", self.cookie.expose_secret()).into()
    }

    pub(super) fn challenge(&self, key: &[u8]) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(self.verifier(key).expose_secret()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_000_000 + second).unwrap()
    }

    #[test]
    fn cookie_restores_flow_for_ten_minutes() {
        let flow = Flow::begin("/runs?x=1", at(0));
        let back = Flow::of(&flow.cookie(), at(599)).unwrap();
        assert_eq!((back.next.as_str(), back.state(b"k")), ("/runs?x=1", flow.state(b"k")));
        assert!(Flow::of(&flow.cookie(), at(600)).is_none() && Flow::of(&flow.cookie(), at(-1)).is_none());
        assert!(Flow::of(&"nonsense".to_owned().into(), at(0)).is_none());
    }

    #[test]
    fn changed_cookie_has_different_state() {
        let flow = Flow::begin("/", at(0));
        let later = flow.cookie().expose_secret().replace(".1000000.", ".1000001.");
        let changed = Flow::of(&later.into(), at(2)).unwrap();
        assert_ne!(changed.state(b"k"), flow.state(b"k"));
        assert_ne!(flow.state(b"other key"), flow.state(b"k"));
        let other = Flow::begin("/", at(0));
        assert_ne!(other.verifier(b"k").expose_secret(), flow.verifier(b"k").expose_secret());
        assert_ne!(other.nonce(b"k"), flow.nonce(b"k"));
        let texts = [flow.state(b"k"), flow.nonce(b"k"), flow.verifier(b"k").expose_secret().to_owned()];
        assert!(texts.iter().all(|text| text.len() == 43) && texts[0] != texts[1] && texts[1] != texts[2]);
    }
}
