//! What takes an account: values that the import keeps, cardinalities, deletion, what Assets has of an object. And that
//! nothing is deleted otherwise.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used)]
#![expect(clippy::disallowed_methods, reason = "the sandbox works by the clock of the host")]

mod clearing;
mod guards;
mod isolation;
mod prune;
mod self_test;
mod test_env;
mod view;
