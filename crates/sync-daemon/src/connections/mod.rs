//! The connections of a daemon: those of the configuration file, and those that were saved in the console.

mod check;
mod job;
mod local_api;
mod manager;
mod member;
mod receiver;
mod registry;
mod save;
mod secrets;
mod standby;
mod store_loss;
mod store_monitor;
mod unavailable;

pub use manager::ConnectionManager;
pub use member::ManagedConnection;
pub use registry::ConnectionRegistry;
#[cfg(test)]
pub(crate) use registry::recall_one;
pub use save::{ConnectionDraft, SaveError, rotate};
