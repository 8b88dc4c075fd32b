#![doc = include_str!("../README.md")]

mod auth;
mod client;
mod error;
mod hook;
mod key;
mod link;
pub mod model;
mod pacer;
mod resources;

pub use auth::Credential;
pub use client::{OktaClient, OktaClientBuilder};
pub use error::{ConfigError, Error, KeyError, Result};
pub use hook::{DeliveryError, HookDelivery, HookSecret, VERIFICATION_HEADER, verification_answer};
pub use key::PrivateKey;
pub use pacer::{BucketState, Pacer};
pub use resources::{EventHooks, GroupQuery, Groups, Schemas, UserQuery, UserTypes, Users};
