//! The rules of access, asked for as a browser or a program asks.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the sandbox signs by the clock of the host")]

mod guard;
mod okta;
mod sign_in;
mod test_env;
mod tokens;
