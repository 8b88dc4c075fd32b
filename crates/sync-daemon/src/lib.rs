#![doc = include_str!("../README.md")]

mod active_runs;
mod alerts;
mod changed;
mod connection;
mod connections;
mod delegate;
mod error;
#[cfg(test)]
mod fuzz;
mod health_inputs;
mod history;
mod http;
mod measure;
mod metric_samples;
mod named;
mod named_error;
mod objects;
mod plan;
mod prune;
mod room;
mod schema;
mod self_test;
mod shutdown;
mod status;
mod stored_samples;
mod this_process;
mod watch;

pub use changed::{connection_state, difference, token_state};
pub use connection::{Connection, LeaderLease};
pub use connections::{
    ConnectionDraft, ConnectionManager, ConnectionRegistry, ManagedConnection, SaveError, rotate,
};
pub use error::ServiceError;
pub use history::{EventFollower, replay};
pub use http::{
    HookReceiver, ListenError, LocalPeer, METRICS_TYPE, MetricsServer, RefusedSignIn, RefusedSignIns, Server,
    Visitor, client_address, client_network,
};
pub use named::named_subjects;
pub use named_error::NamedError;
pub use objects::named_objects;
pub use schema::{compare_schemas, preview_schemas};
pub use shutdown::{END_WITHIN, shutdown_requested};
pub use this_process::ThisProcess;
