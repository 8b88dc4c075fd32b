#![doc = include_str!("../README.md")]

mod assets;
pub mod audit;
mod clock;
mod control;
mod error;
mod faults;
mod okta;
mod options;
mod origin;
mod proxy;
mod server;
mod tls;

pub use control::ControlClient;
pub use error::SandboxError;
pub use faults::{FaultSpec, InvalidFault};
pub use options::{DpopMode, SandboxOptions, TlsFiles};
pub use proxy::{ForwardProxy, ProxyManner};
pub use server::{OtherSource, Sandbox};
