//! The HTTP servers. Okta's deliveries and administration have separate addresses: only the first must be reachable
//! from the internet.

mod client_address;
mod gate;
pub(crate) mod inbox;
mod intake;
mod local_peer;
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

pub use client_address::{client_address, network as client_network};
pub use gate::Visitor;
pub use local_peer::LocalPeer;
pub use metrics::METRICS_TYPE;
pub use monitor::MetricsServer;
pub use receiver::HookReceiver;
pub use server::{ListenError, Server};
pub use sign_ins::{RefusedSignIn, RefusedSignIns};
