//! The admin API of a daemon, as commands use it.

mod address;
mod client;
mod error;
mod jobs;
mod limits;
#[cfg(unix)]
mod local;
mod stream;
mod tail;

pub use address::DaemonAddress;
pub use client::RemoteClient;
pub use error::RemoteError;
#[cfg(test)]
pub(crate) use stream::Decoder;
pub use tail::{FollowedEvent, RemoteEventFollower};
