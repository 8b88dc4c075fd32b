#![doc = include_str!("../README.md")]

pub mod access;
mod aliases;
mod asked;
mod audit;
mod backup;
mod condition;
mod connection;
mod convert;
mod deliveries;
mod events;
mod evidence;
mod find;
#[cfg(test)]
mod fuzz;
mod holder;
mod identity;
mod inbox;
mod looks;
mod losses;
mod lots;
mod objects;
mod passes;
mod place;
mod requests;
mod runs;
mod safeguards;
mod samples;
mod saved;
mod soundness;
mod space;
mod sqlite;
mod staging;
mod time;
mod uncleared;
mod unconfirmed;
mod upkeep;

pub use access::AccessStore;
pub use audit::{AuditEntry, AuditLog};
pub use condition::Condition;
pub use connection::ConnectionStore;
pub use holder::{Holder, StoreBusy, is_busy};
pub use identity::{FileId, StoreLoss, is_damaged};
pub use saved::{SavedConnection, SealedSecret};
pub use soundness::Soundness;
pub use sqlite::{OpenError, Store};
