//! The Assets site, with an import source, and another that a connection may be switched to.

mod administration;
mod api;
mod aql;
mod document;
mod execution;
mod executions;
mod ids;
mod import;
mod job;
mod mapping;
mod objects;
mod refusal;
mod reply;
mod rest;
mod settings;
mod site;
mod sources;
mod validation;
mod values;

pub(crate) use administration::Refused;
pub(crate) use ids::Ids;
pub(crate) use site::Site;
pub(crate) use sources::{Sources, router};
