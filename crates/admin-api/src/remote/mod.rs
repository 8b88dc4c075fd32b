//! The admin API of a daemon elsewhere, as commands use it.

mod client;
mod error;
mod jobs;
mod limits;
mod stream;
mod tail;

pub use client::RemoteClient;
pub use error::RemoteError;
#[cfg(test)]
pub(crate) use stream::Decoder;
pub use tail::{FollowedEvent, RemoteEventFollower};
