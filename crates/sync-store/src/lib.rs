#![doc = include_str!("../README.md")]

mod connection;
mod convert;
mod inbox;
mod objects;
mod runs;
mod sqlite;
mod staging;

pub use connection::ConnectionStore;
pub use sqlite::Store;
