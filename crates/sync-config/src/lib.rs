#![doc = include_str!("../README.md")]

mod address;
mod check;
mod client_faults;
mod clients;
mod config;
mod connection;
mod console;
mod describe;
mod error;
mod exposed;
mod faults;
mod file;
#[cfg(test)]
mod fuzz;
pub mod init;
mod keys;
mod overrides;
mod place;
mod raw_console;
mod secret;
mod settings;
mod shape;
mod small_file;
mod suggest;
mod vault;

pub use address::TlsRequired;
pub use check::{active_mapping_version, hook_url, is_loopback};
pub use client_faults::check_clients;
pub use clients::{
    USER_AGENT, account_client, assets_client, okta_client, outbound, private_key, webhook_origin,
};
pub use config::Config;
pub use connection::{
    AccountConfig, AlertConfig, AssetsConfig, ConnectionConfig, EventHookConfig, ManagedBy, OktaConfig,
    ScheduleConfig,
};
pub use console::{ConsoleConfig, OidcConfig, TlsConfig};
pub use describe::{ConfigValue, EXAMPLE, EffectiveConfig, ValueOrigin};
pub use error::ConfigError;
pub use exposed::{ExposedFile, exposed_files};
pub use file::{AlertFormat, EventSource, ScheduleSettings};
pub use keys::json_schema;
pub use okta_client::{KeyKind, UnsupportedVariable, trimmed};
pub use settings::{
    AlertSettings, AssetsSettings, ConnectionSettings, EventHookSettings, OktaSettings, SecretField, Secrets,
};
pub use small_file::{read_regular_file, read_small_text, read_small_text_from};
pub use vault::{MasterKey, VaultError};
