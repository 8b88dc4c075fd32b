//! Every fault that the sandbox can produce, as the pages tell it: what is wrong, what to do, and when all is well again.
//!
//! Each row is a test of its own name: `cargo test -p sync-console --test faults okta_5xx`.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the daemon and the sandbox work by the clock of the host")]

mod complete;
#[path = "../support/daemon.rs"]
mod daemon;
mod edits;
mod row;
mod rows;
mod safeguards;
mod switches;
mod test_env;
