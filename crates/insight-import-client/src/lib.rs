#![doc = include_str!("../README.md")]

mod chunk;
mod client;
pub mod document;
mod error;
mod execution;
mod http;
mod outcome;
mod validation;

pub use chunk::{Chunk, ChunkLimits, Chunker};
pub use client::{ConfigStatus, ImportClient, ImportClientBuilder, SourceStatus};
pub use error::{ConfigError, Error, Result};
pub use execution::{Execution, ExecutionState, ExecutionStatus, OutcomeLimits, Processing};
pub use outcome::{Outcome, TypeOutcome};
pub use validation::ValidationError;
