//! The arguments of the command line.

mod arguments;
mod common;
mod help;
mod usage;
pub(crate) mod values;

pub(crate) use arguments::{Arguments, Command};
pub(crate) use common::{Common, ConfigFile, Local, Output};
pub(crate) use usage::parse;
