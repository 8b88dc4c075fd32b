//! Headers and pasted settings.

use std::sync::OnceLock;
use std::time::Duration;

use fuzz::fuzz;
use http::StatusCode;
use tokio::runtime::{Builder, Runtime};

use super::headers;
use crate::credential::Credential;
use crate::http::{Pace, authorization, base_url, check_kind};

/// The longest wait that headers can cause: two minutes, and a little against herds.
const LONGEST_WAIT: Duration = Duration::from_secs(125);

/// A clock that advances during waits.
fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new_current_thread().enable_time().start_paused(true).build().unwrap())
}

#[test]
fn assets_headers_bound_any_wait() {
    let words = [
        "retry-after: ",
        "x-ratelimit-reset: ",
        "x-ratelimit-remaining: 0",
        "x-ratelimit-nearlimit: true",
        "date: ",
        "ATATT3x",
        "429\n",
    ];
    fuzz("assets_headers", &words, |input| {
        let _context = runtime().enter();
        let (pace, mut outcome) = (Pace::new(4), String::new());
        let (mut status, mut from) = (StatusCode::OK, 0);
        let lines: Vec<&[u8]> = input.split(|byte| *byte == b'\n').take(64).collect();
        for (at, line) in lines.iter().enumerate() {
            let next = StatusCode::from_bytes(line.trim_ascii()).ok();
            if next.is_none() && at + 1 != lines.len() {
                continue;
            }
            let turn = runtime().block_on(pace.turn());
            turn.learn(status, &headers(&lines[from..=at]));
            drop(turn);
            let state = pace.state();
            assert!(state.held_for <= LONGEST_WAIT && state.in_flight == 0, "{state:?}");
            assert!((1..=4).contains(&state.allowed), "{state:?}");
            outcome += &format!("{} {} ", state.held_for.is_zero(), state.allowed);
            (status, from) = (next.unwrap_or(StatusCode::OK), at + 1);
        }
        let text = String::from_utf8_lossy(input).into_owned();
        let token = text.clone().into();
        for credential in [Credential::ImportToken, Credential::Account] {
            outcome += &format!("{:?}", check_kind(credential, &token).is_ok());
        }
        if let Ok(value) = authorization("Bearer", &token) {
            assert!(value.is_sensitive() && value.as_bytes().starts_with(b"Bearer "));
        }
        if let Ok(url) = base_url(&text) {
            assert!(
                url.path() == "/"
                    && url.username().is_empty()
                    && url.password().is_none()
                    && url.query().is_none()
            );
        }
        outcome
    });
}
