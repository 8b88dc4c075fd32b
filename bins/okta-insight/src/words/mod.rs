//! The texts of the command line, by subject.

pub(crate) mod commands;
pub(crate) mod labels;
pub(crate) mod safety;
pub(crate) mod state;
pub(crate) mod units;
pub(crate) mod usage;
