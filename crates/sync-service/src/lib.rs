#![doc = include_str!("../README.md")]

mod adapters;
mod alerts;
mod config;
mod connection;
mod error;
mod events;
mod handover;
mod history;
mod http;
mod lock;
mod prune;
mod shutdown;
mod status;
mod vitals;

pub use config::{
    AccountConfig, AlertConfig, AlertFormat, AssetsConfig, Config, ConfigError, ConnectionConfig,
    EventSource, HookConfig, OktaConfig, ScheduleConfig,
};
pub use connection::{Claim, Connection};
pub use error::ServiceError;
pub use events::SUBSCRIPTION;
pub use handover::HandoverError;
pub use history::{ConnectionEvent, ConnectionRun, EventTail, Replayed, find_run, replay};
pub use http::{ListenError, Monitor, Receiver};
pub use shutdown::shutdown_requested;
pub use status::{ConnectionStatus, FeedStatus, Freshness, Pause};
pub use sync_engine::{self as engine, explain};
pub use sync_model as model;
pub use sync_store::Store;
