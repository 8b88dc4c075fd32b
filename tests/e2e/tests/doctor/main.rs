//! `okta-insight doctor`: each precondition broken in turn is named, and no other; followed, the remedy helps.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod assets;
mod doctor_env;
mod hook;
mod machine;
mod manual;
mod network;
mod okta;
mod output;
mod self_test;
#[path = "../support/mod.rs"]
mod support;
