#![doc = include_str!("../README.md")]

pub mod account;
mod api;
mod chunk;
mod client;
mod clock;
mod credential;
pub mod document;
mod error;
mod execution;
mod execution_status;
#[cfg(test)]
mod fuzz;
mod http;
mod outcome;
mod remedy;
mod text;
mod validation;
mod wait;

pub use account::{AssetsClient, AssetsClientBuilder};
pub use api::{AssetsApi, ImportApi};
pub use chunk::{Chunk, ChunkLimits, Chunker, chunks};
pub use client::{ConfigStatus, ImportClient, ImportClientBuilder, SourceStatus};
pub use credential::Credential;
pub use error::{ConfigError, Error, RefusalReason, Result};
pub use execution::{Execution, RefusedRecord, Submitted};
pub use execution_status::{ExecutionState, ExecutionStatus};
pub use http::RateLimitState;
pub use outbound::{NotReached, Remedy as NetworkRemedy};
pub use outcome::{Outcome, TypeOutcome};
pub use remedy::Remedy;
pub use validation::ValidationError;
pub use wait::{OutcomeLimits, Processing};
