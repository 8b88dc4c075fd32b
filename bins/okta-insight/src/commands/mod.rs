//! A file per command.

pub(crate) mod audit;
pub(crate) mod audit_entry;
mod backend;
pub(crate) mod backup;
pub(crate) mod change;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod export;
mod findings;
pub(crate) mod init;
pub(crate) mod keygen;
pub(crate) mod man;
mod manual_hook;
pub(crate) mod master_key;
mod opened;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod runs;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod selftest;
pub(crate) mod setup;
mod signal;
pub(crate) mod status;
pub(crate) mod support_bundle;
pub(crate) mod sync;
pub(crate) mod tokens;
pub(crate) mod verify;

pub(crate) use opened::{Opened, known, open, open_saved};
pub(crate) use signal::stop_on_signal;
