//! Labels and sentences of the console, by subject.

pub(crate) mod access;
pub(crate) mod activity;
#[cfg_attr(not(test), expect(dead_code, reason = "the pages show conditions next"))]
pub(crate) mod conditions;
#[cfg_attr(not(test), expect(dead_code, reason = "the pages show findings next"))]
pub(crate) mod findings;
pub(crate) mod health;
pub(crate) mod labels;
pub(crate) mod mapping;
pub(crate) mod objects;
pub(crate) mod overview;
#[cfg_attr(not(test), expect(dead_code, reason = "the pages show remedies next"))]
pub(crate) mod remedies;
mod safeguards;
pub(crate) mod settings;
pub(crate) mod setup;
pub(crate) mod text;
pub(crate) mod values;
mod withheld;
