//! Labels and sentences of the console, by subject.

pub(crate) mod access;
pub(crate) mod activity;
pub(crate) mod checks;
pub(crate) mod conditions;
pub(crate) mod details;
pub(crate) mod findings;
pub(crate) mod health;
pub(crate) mod labels;
pub(crate) mod mapping;
pub(crate) mod objects;
pub(crate) mod overview;
pub(crate) mod remedies;
mod safeguards;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod text;
pub(crate) mod values;
mod withheld;
