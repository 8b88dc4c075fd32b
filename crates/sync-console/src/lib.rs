#![doc = include_str!("../README.md")]

pub mod access;
pub mod headers;
mod listen;
mod tls;

pub use listen::{ListenRefused, client_address, listen_rule};
pub use tls::{Server, ServerError, TlsFiles};
