#![doc = include_str!("../README.md")]

mod access;
mod app;
mod assets;
mod pages;
mod server;
mod wording;

pub use server::{Console, ConsoleError};
