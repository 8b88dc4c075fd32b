#![doc = include_str!("../README.md")]

mod adapters;
mod config;
mod connection;
mod error;
mod events;
mod lock;
mod prune;
mod receiver;
mod shutdown;

pub use config::{
    AccountConfig, AlertConfig, AlertFormat, AssetsConfig, Config, ConfigError, ConnectionConfig,
    EventSource, HookConfig, OktaConfig, ScheduleConfig,
};
pub use connection::{Claim, Connection, ConnectionStatus};
pub use error::ServiceError;
pub use events::SUBSCRIPTION;
pub use receiver::{Receiver, ReceiverError};
pub use shutdown::shutdown_requested;
pub use sync_engine::{self as engine, explain};
pub use sync_model as model;
pub use sync_store::Store;
