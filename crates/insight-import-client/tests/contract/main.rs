//! The rules of the APIs of Assets, against canned answers.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

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
