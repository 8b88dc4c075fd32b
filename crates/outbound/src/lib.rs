#![doc = include_str!("../README.md")]

mod address;
mod cause;
mod not_reached;
mod outbound;
mod proxy;
mod remedy;
mod resolver;

pub use address::PrivateAddress;
pub use cause::Cause;
pub use not_reached::NotReached;
pub use outbound::Outbound;
pub use proxy::Proxy;
pub use remedy::Remedy;
