#![doc = include_str!("../README.md")]

pub mod access;
mod api;
mod app;
mod assets;
mod audit;
#[cfg(test)]
mod fuzz;
pub mod headers;
mod local;
mod pages;
mod server;
mod words;

pub use api::openapi;
pub use local::serve_locally;
pub use server::{Console, ConsoleError};
