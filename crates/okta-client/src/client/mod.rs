//! The client, and the requests that it sends.

mod attempt;
mod builder;
mod decode;
mod listing;
mod okta_client;
mod organization;
mod refusal;
mod send;
mod transport;

pub(crate) use attempt::{pause, record};
pub use builder::OktaClientBuilder;
pub(crate) use decode::undecodable;
pub use okta_client::OktaClient;
pub use organization::Organization;
pub(crate) use refusal::not_oauth;
#[cfg(test)]
pub(crate) use refusal::{Refusal, refused};
pub(crate) use send::Call;
pub(crate) use transport::Transport;
