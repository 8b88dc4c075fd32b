//! Rules of the sync, on fakes: without a network, a disk, and waiting.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod events;
mod executions;
mod listings;
mod safeguards;
mod self_test;
mod support;
