#![doc = include_str!("../README.md")]

pub mod access;
mod aliases;
mod asked;
mod audit;
mod condition;
mod connection;
mod convert;
mod deliveries;
mod events;
mod evidence;
mod find;
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
pub use saved::{SavedConnection, SealedSecret};
pub use sqlite::Store;
