//! The texts of the command line, by subject.

pub(crate) mod commands;
pub(crate) mod conditions;
pub(crate) mod event_hook;
pub(crate) mod findings;
pub(crate) mod labels;
pub(crate) mod remedies;
pub(crate) mod safety;
pub(crate) mod state;
pub(crate) mod units;
pub(crate) mod usage;
