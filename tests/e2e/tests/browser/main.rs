//! The console in a real browser, against the daemon and the sandbox as processes of their own.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod browser;
mod layout;
mod live;
mod setup;
mod site;
#[path = "../support/mod.rs"]
mod support;
