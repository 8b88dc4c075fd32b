//! The rules of the sync. Each test breaks when its rule does; `docs/architecture.md` links rule to test.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod clock;
mod emptied;
mod evidence;
mod fakes;
mod freshness;
mod gate;
mod guards;
mod hook;
mod lane;
mod links;
mod outcome;
mod place;
mod place_edits;
mod port;
mod references;
mod requests;
mod resume;
mod roads;
mod schema;
mod selected;
mod selection;
mod stopping;
#[path = "../support/mod.rs"]
mod support;
mod unread;
mod window;
mod world;
