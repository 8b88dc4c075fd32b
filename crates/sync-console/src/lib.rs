#![doc = include_str!("../README.md")]

mod access;
mod api;
mod app;
mod assets;
mod pages;
mod server;
mod wording;

pub use api::openapi;
pub use server::{Console, ConsoleError};
