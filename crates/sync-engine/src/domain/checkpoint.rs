//! The progress of a sync, sufficient for another process to resume it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sync_model::{GroupId, ObjectKind};

use crate::domain::directory::Cursor;
use crate::domain::finding::Finding;
use crate::domain::reading::Reading;
use crate::domain::report::{RunReport, UnreadableObjects};
use crate::domain::run_kind::RunKind;
use crate::domain::trail::Trail;
use crate::domain::values::ValueProblems;

/// The extent of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SyncMode {
    /// Reads everything. Only this mode detects deletions that no event reported.
    Full,
    /// Reads changes since a time.
    Incremental(Timestamp),
    /// Every group and user, but no memberships: an attribute is new, and its values are unknown.
    Backfill,
}

impl SyncMode {
    /// The kind of a run in this mode.
    pub const fn run_kind(self) -> RunKind {
        match self {
            Self::Full => RunKind::FullSync,
            Self::Incremental(_) => RunKind::IncrementalSync,
            Self::Backfill => RunKind::Backfill,
        }
    }

    /// True if a finished sync of this mode also satisfies the wanted mode.
    pub(crate) const fn goes_on_as(self, wanted: Self) -> bool {
        matches!(
            (self, wanted),
            (Self::Full, Self::Full)
                | (Self::Backfill, Self::Backfill)
                | (Self::Incremental(_), Self::Incremental(_))
        )
    }

    /// The time since which something must have changed to be read.
    pub(crate) const fn since(self) -> Option<Timestamp> {
        match self {
            Self::Incremental(time) => Some(time),
            Self::Full | Self::Backfill => None,
        }
    }
}

/// The progress of reading the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadPhase {
    /// Listing groups.
    Groups,
    /// Listing the members of groups.
    Members,
    /// Listing users.
    Users,
    /// Reading unlisted objects by ID.
    Unlisted,
    /// Everything is read; the differences are to be sent.
    Complete,
}

/// A sync, as it is stored after every page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SyncCheckpoint {
    /// The extent of the sync.
    pub mode: SyncMode,
    /// The time of its start.
    pub started_at: Timestamp,
    /// Its reading. Every record of it counts as read at its beginning.
    #[serde(default)]
    pub reading: Reading,
    /// The mapping and the scope that its records were built by.
    pub mapping_version: String,
    /// The phase in progress.
    pub phase: ReadPhase,
    /// The cursor of the next page of the phase; `None` at its start.
    pub cursor: Option<Cursor>,
    /// The number of listed objects by kind.
    pub read: BTreeMap<ObjectKind, u64>,
    /// Findings about the listings.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Values that don't match the type of their attribute.
    #[serde(default)]
    pub value_problems: ValueProblems,
    /// The directory's time at its start; `None` if it was unknown.
    #[serde(default)]
    pub bookmark: Option<Timestamp>,
    /// Objects that could not be read.
    #[serde(default)]
    pub unreadable: UnreadableObjects,
    /// The number of them without a readable ID.
    #[serde(default)]
    pub unnamed: u64,
    /// Groups whose members could not be listed: their memberships stay unchanged.
    #[serde(default)]
    pub unlisted: BTreeSet<GroupId>,
    /// Items of the scope that Okta doesn't have, one per line.
    #[serde(default)]
    pub unknown_choices: Vec<String>,
    /// The number of times that a listing restarted because its cursor expired.
    #[serde(default)]
    pub restarts: u32,
    /// The pages read so far, as needed to detect a loop.
    #[serde(default)]
    pub(crate) trail: Trail,
    /// True if an administrator overrode the safeguards, for any process that resumes the sync.
    #[serde(default)]
    pub override_safeguards: bool,
}

impl SyncCheckpoint {
    /// A new sync.
    pub fn new(scope: SyncMode, reading: Reading, mapping: impl Into<String>) -> Self {
        Self {
            mode: scope,
            started_at: reading.at,
            reading,
            mapping_version: mapping.into(),
            phase: ReadPhase::Groups,
            cursor: None,
            read: BTreeMap::new(),
            findings: Vec::new(),
            value_problems: ValueProblems::default(),
            bookmark: None,
            unreadable: UnreadableObjects::default(),
            unnamed: 0,
            unlisted: BTreeSet::new(),
            unknown_choices: Vec::new(),
            restarts: 0,
            trail: Trail::default(),
            override_safeguards: false,
        }
    }

    /// Adds a finding unless it is there already or there are too many.
    pub(crate) fn add(&mut self, finding: Finding) {
        finding.add_to(&mut self.findings, RunReport::MAX_FINDINGS);
    }

    /// Continues with another phase.
    pub(crate) fn enter(&mut self, stage: ReadPhase) {
        self.phase = stage;
        self.cursor = None;
        self.trail = Trail::default();
    }
}
