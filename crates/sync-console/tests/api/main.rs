//! The admin API against a fleet with the sandbox, all in one process. Every answer is held against the OpenAPI document.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the daemon and the sandbox work by the clock of the host")]

mod audit;
#[path = "../support/daemon.rs"]
mod daemon;
mod document;
mod hostile;
mod life_cycle;
mod reads;
mod test_env;
mod tokens;
