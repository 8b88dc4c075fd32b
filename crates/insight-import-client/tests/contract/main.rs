//! The rules of the APIs of Assets, against canned answers.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the server of canned answers works while the clock is moved")]

mod account;
mod errors;
mod hostile;
mod imports;
mod isolation;
mod mapping;
mod network;
mod outcomes;
mod settings;
mod support;
