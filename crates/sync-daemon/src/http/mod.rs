//! The HTTP servers. Okta's deliveries and administration have separate addresses: only the first must be reachable
//! from the internet.

mod client_address;
mod gate;
pub(crate) mod inbox;
mod intake;
#[cfg(unix)]
pub(crate) mod local_socket;
mod metrics;
mod monitor;
mod readiness;
mod receiver;
mod server;
mod sign_ins;
#[cfg(test)]
mod situations;

/// The user at the other end of a [socket beside the store](crate::ConnectionManager::serve_locally). An extension of
/// its requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalPeer {
    /// The ID of the user, from the operating system.
    pub uid: u32,
}

pub use client_address::{client_address, network as client_network};
pub use gate::Visitor;
pub use metrics::METRICS_TYPE;
pub use monitor::MetricsServer;
pub use receiver::HookReceiver;
pub use server::{ListenError, Server};
pub use sign_ins::{RefusedSignIn, RefusedSignIns};
