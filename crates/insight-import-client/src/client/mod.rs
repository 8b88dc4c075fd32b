//! The import source that a token was generated for.

mod builder;
mod discovery;
mod executions;
mod links;
mod mapping;
mod source;

pub use builder::ImportClientBuilder;
pub(crate) use links::ExecutionLinks;
#[cfg(test)]
pub(crate) use mapping::mapping_result;
pub use source::{ConfigStatus, ImportClient, SourceStatus};
