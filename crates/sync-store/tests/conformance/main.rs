//! The promises of `StateStore`, one test each.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]

mod lifecycle;
mod queue;
mod records;
#[path = "../support/mod.rs"]
mod support;
