#![doc = include_str!("../README.md")]

mod assets;
pub mod audit;
mod control;
mod okta;
mod options;
mod server;

pub use control::ControlClient;
pub use options::{DpopMode, SandboxOptions};
pub use server::{Sandbox, SandboxError};
