#![doc = include_str!("../README.md")]

pub mod access;
mod api;
mod app;
mod assets;
mod audit;
#[cfg(test)]
mod fuzz;
pub mod headers;
mod pages;
mod server;
mod words;

pub use api::openapi;
pub use server::{Console, ConsoleError};
