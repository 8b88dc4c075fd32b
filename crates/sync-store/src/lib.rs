#![doc = include_str!("../README.md")]

pub mod access;
mod aliases;
mod audit;
mod backup;
mod checkpoints;
mod connection;
mod convert;
mod database_state;
mod deliveries;
mod event_queue;
mod events;
mod evidence;
#[cfg(test)]
mod fuzz;
mod holder;
mod identity;
mod leader_state;
mod lots;
mod metric_samples;
mod objects;
mod place;
mod removals;
mod runs;
mod safeguards;
mod saved_connections;
mod search;
mod soundness;
mod space;
mod sqlite;
mod staging;
mod stale_values;
mod sync_requests;
mod time;
mod unconfirmed;
mod upkeep;
mod work_queue;

pub use access::AccessStore;
pub use audit::{AuditEntry, AuditLog};
pub use connection::ConnectionStore;
pub use database_state::DatabaseState;
pub use holder::{Holder, StoreBusy, is_busy};
pub use identity::{FileId, StoreLoss, is_damaged};
pub use saved_connections::{EncryptedSecret, SavedConnection};
pub use soundness::Soundness;
pub use sqlite::{OpenError, Store};
