#![doc = include_str!("../README.md")]

pub mod account;
mod api;
mod chunk;
mod client;
pub mod document;
mod error;
mod execution;
mod http;
mod outcome;
mod validation;

pub use account::{AssetsClient, AssetsClientBuilder};
pub use api::{AssetsApi, ImportApi};
pub use chunk::{Chunk, ChunkLimits, Chunker, chunks};
pub use client::{ConfigStatus, ImportClient, ImportClientBuilder, SourceStatus};
pub use error::{ConfigError, Error, RefusalReason, Result};
pub use execution::{
    Execution, ExecutionState, ExecutionStatus, OutcomeLimits, Processing, RefusedRecord, Submitted,
};
pub use http::PaceState;
pub use outcome::{Outcome, TypeOutcome};
pub use validation::ValidationError;
