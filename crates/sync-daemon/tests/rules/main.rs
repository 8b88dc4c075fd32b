//! The rules of the sync. Each test breaks when its rule does; `docs/architecture.md` links rule to test.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]
#![expect(clippy::disallowed_methods, reason = "the sandbox works by the clock of the host")]

mod clock;
mod emptied;
mod event_sources;
mod evidence;
mod execution_lock;
mod fakes;
mod freshness;
mod gate;
mod hook;
mod links;
mod outcome;
mod place;
mod place_edits;
mod port;
mod references;
mod requests;
mod resume;
mod safeguards;
mod schema;
mod scope;
mod selected;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod test_env;
mod unread;
mod window;
