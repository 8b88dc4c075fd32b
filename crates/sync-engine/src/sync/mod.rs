//! Syncs and event syncs: reading, comparing, and staging.

pub(crate) mod active_sync;
pub(crate) mod aliases;
pub(crate) mod complete;
pub(crate) mod emptied;
pub(crate) mod events;
pub(crate) mod fetched;
pub(crate) mod joining;
pub(crate) mod listing;
pub(crate) mod members;
pub(crate) mod missing;
pub(crate) mod read;
pub(crate) mod run;
pub(crate) mod schema_evolution;
pub(crate) mod setup;
pub(crate) mod single_reads;
pub(crate) mod staging;
pub(crate) mod targeted;
pub(crate) mod unreadable;
pub(crate) mod wave;
pub(crate) mod work;
