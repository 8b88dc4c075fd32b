//! Headers and stored links.

use std::sync::OnceLock;
use std::time::Duration;

use fuzz::{assert_shown, fuzz};
use http::header::LINK;
use http::{HeaderMap, HeaderValue};
use tokio::runtime::{Builder, Runtime};
use url::Url;

use super::headers;
use crate::auth::{Corrections, ServerClock};
use crate::client::OktaClient;
use crate::link::target;
use crate::pacer::{Pacer, Priority};
use crate::resources::{LogCheckpoint, PageCursor};

/// The longest wait that headers can cause: two minutes, and a little against herds.
const LONGEST_WAIT: Duration = Duration::from_secs(125);

/// A clock that advances during waits.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_time().start_paused(true).build().unwrap())
}

#[test]
fn link_leads_home_whatever_bytes() {
    let okta = OktaClient::builder("https://example.okta.com").api_token("00token".into()).build().unwrap();
    let at = "/api/v1/users";
    let leads_home = |url: &Url| {
        assert_eq!((url.origin(), url.path()), (okta.org_url().origin(), at), "{url}");
        assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none(), "{url}");
    };
    let words = [
        "rel=\"next\"",
        "rel=self",
        ">; ",
        "</api/v1/users?after=1>",
        "https://example.okta.com",
        ", <",
        "@",
        "//",
    ];
    fuzz("link", &words, |input| {
        let lines = input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
        let headers: HeaderMap = lines.map(|line| (LINK, line)).collect();
        let (next, own) = (target(&headers, "next"), target(&headers, "self"));
        let mut outcome =
            format!("{:?} {:?}", next.map(|link| link.is_some()), own.map(|link| link.is_some()));
        if let Ok(Some(link)) = next {
            outcome += &match okta.follow(at, link) {
                Ok(url) => {
                    leads_home(&url);
                    "followed".to_owned()
                }
                Err(error) => {
                    assert_shown(&error.to_string(), 1000);
                    error.to_string()
                }
            };
        }
        // The state after a manipulation of the store.
        let text = String::from_utf8_lossy(input);
        if let Err(error) = text.parse::<LogCheckpoint>() {
            assert_shown(&error.to_string(), 1000);
        }
        if let Ok(place) = text.parse::<PageCursor>().map(Url::from) {
            match okta.own_listing(at, &place) {
                Ok(url) => leads_home(&url),
                Err(error) => assert_shown(&error.to_string(), 1000),
            }
        }
        assert!(okta.other_origins().len() <= 8);
        outcome
    });
}

#[test]
fn rate_headers_bound_any_wait() {
    let words = [
        "x-rate-limit-limit: ",
        "x-rate-limit-remaining: ",
        "x-rate-limit-reset: ",
        "retry-after: ",
        "date: ",
        "429\n",
        "200\n",
    ];
    fuzz("rate_headers", &words, |input| {
        let _context = runtime().enter();
        let pacer = Pacer::default();
        let clock = ServerClock::default();
        let mut outcome = String::new();
        let (mut status, mut from) = (200, 0);
        // Several responses, each with a status before its headers.
        let text = input.split(|byte| *byte == b'\n').take(64).collect::<Vec<_>>();
        for (at, line) in text.iter().enumerate() {
            let next = std::str::from_utf8(line).ok().and_then(|line| line.trim().parse::<u16>().ok());
            let last = at + 1 == text.len();
            if next.is_none() && !last {
                continue;
            }
            let headers = headers(&text[from..=at].join(&b'\n'));
            let slot = runtime().block_on(pacer.turn("/api/v1/users", Priority::Normal));
            slot.learn(status, &headers);
            drop(slot);
            let wait = pacer.opens_in("/api/v1/users");
            assert!(wait <= LONGEST_WAIT, "{wait:?}");
            let state = pacer.state();
            assert!(state.held_for <= LONGEST_WAIT && state.in_flight == 0, "{state:?}");
            let corrected = clock.correct(&headers, clock.offset(), &mut Corrections::default());
            let now = ServerClock::now(clock.offset());
            let after = ServerClock::retry_after(&headers).is_some();
            let until = ServerClock::until(&headers, u64::from(status) << 40).is_some();
            outcome += &format!("{wait:?} {corrected} {after} {until} {} ", now.as_second() > 0);
            _ = pacer.server_time();
            (status, from) = (next.unwrap_or(200), at + 1);
        }
        outcome
    });
}
