//! What is answered over HTTP. Okta's deliveries and the operator's questions have an address each: the first has to be
//! reachable from the internet, the second must not be.

mod client_address;
mod gate;
mod intake;
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
pub use metrics::METRICS_TYPE;
pub use monitor::MetricsServer;
pub use readiness::{ConnectionReadiness, DaemonHealth};
pub use receiver::HookReceiver;
pub(crate) use receiver::{Inbox, Inboxes};
pub use server::{ListenError, Server};
pub use sign_ins::{RefusedSignIn, RefusedSignIns};
