//! Each call and each rule of talking to Okta, against canned answers.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the server of canned answers works by the clock of the host")]

mod clock;
mod event_hooks;
mod hostile;
mod key_id;
mod links;
mod listings;
mod logs;
mod network;
mod organization;
mod refusals;
mod resources;
mod retries;
mod settings;
mod sign_in;
mod substitutes;
mod support;
