//! Every fault that the sandbox can produce, as the pages tell it: what is wrong, what to do, and when all is well again.
//!
//! `ROW=okta.5xx cargo test -p sync-console --test faults` runs the rows with that in their names alone.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod behind;
mod complete;
#[path = "../support/daemon.rs"]
mod daemon;
mod guards;
mod row;
mod rows;
mod switches;
mod world;
