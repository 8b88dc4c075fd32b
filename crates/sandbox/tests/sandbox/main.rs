//! The rules of the sandbox, asked for over HTTP with nothing but a plain client.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the sandbox works by the clock of the host")]

mod access;
mod account;
mod audit;
mod env;
mod executions;
mod faults;
mod histories;
mod hooks;
mod log;
mod mapping;
mod openid;
mod preconditions;
mod receiver;
mod start;
mod storm;
mod values;
