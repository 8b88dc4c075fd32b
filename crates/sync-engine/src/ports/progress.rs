//! Progress of a run.

use serde::{Deserialize, Serialize};

/// A part of a run that reports progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Comparing the schemas.
    Schema,
    /// Listing groups.
    Groups,
    /// Listing the members of groups.
    Members,
    /// Listing users.
    Users,
    /// Reading unlisted objects by ID.
    Unlisted,
    /// Reading objects by id: those that events or an operator named.
    Objects,
    /// Sending records.
    Sending,
    /// Waiting for the importer.
    Processing,
}

/// A receiver of progress. Its methods must return immediately.
pub trait ProgressSink: Send + Sync {
    /// A phase started, with the number of items if it is known.
    fn begin(&self, phase: Phase, total: Option<u64>);

    /// This number of items was done before: the phase resumes.
    fn resume(&self, phase: Phase, items: u64) {
        self.advance(phase, items);
    }

    /// That many more items are done.
    fn advance(&self, phase: Phase, items: u64);

    /// A phase ended.
    fn end(&self, phase: Phase);
}

/// Discards progress.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoopProgress;

impl ProgressSink for NoopProgress {
    fn begin(&self, _: Phase, _: Option<u64>) {}
    fn advance(&self, _: Phase, _: u64) {}
    fn end(&self, _: Phase) {}
}
