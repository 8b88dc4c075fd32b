#![doc = include_str!("../README.md")]

mod api;
mod auth;
mod client;
mod endpoint;
mod env;
mod error;
#[cfg(test)]
mod fuzz;
mod generate;
mod hook;
mod item;
mod key;
mod link;
pub mod model;
mod pacer;
mod remedy;
mod resources;
mod text;

pub use api::OktaApi;
pub use client::{OktaClient, OktaClientBuilder, Organization};
pub use env::{AuthorizationMode, PrivateKeySource, SdkEnvironment, UnsupportedVariable, split_scopes};
pub use error::{ConfigError, Error, KeyError, Result};
pub use generate::KeyKind;
pub use hook::{DeliveryError, HookDelivery, HookSecret, VERIFICATION_HEADER, verification_response};
pub use item::Unreadable;
pub use key::{PrivateKey, trimmed};
pub use outbound::{NotReached, Remedy as NetworkRemedy};
pub use pacer::{BucketState, Pacer, PacerState};
pub use remedy::Remedy;
pub use resources::{
    EventHooks, GroupQuery, Groups, LogCheckpoint, LogPage, LogQuery, LogStart, Logs, Page, PageCursor,
    Schemas, SortOrder, UserQuery, UserTypes, Users,
};
