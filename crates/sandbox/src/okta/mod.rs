//! The Okta org.

mod answer;
mod api;
mod auth;
mod changes;
mod defaults;
mod events;
mod filter;
mod hook_api;
mod hooks;
mod imports;
mod jws;
mod listing;
mod load;
mod log;
mod openid;
mod openid_api;
mod org;
mod refusal;
mod replica;
mod requests;
mod schemas;
mod seed;
mod server;

pub(crate) use api::router;
pub(crate) use changes::{NewUser, Refused};
pub(crate) use load::load;
pub(crate) use org::Org;
pub(crate) use seed::seed;
pub(crate) use server::OrgServer;
