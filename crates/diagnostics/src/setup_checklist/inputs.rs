//! The known results that the setup checklist follows from.

use std::collections::BTreeMap;
use std::path::Path;

use jiff::Timestamp;
use sync_config::{ConnectionConfig, ManagedBy};
use sync_engine::{Conditions, Finding, ObjectCounts, RunSummary, SetupReport, VerifyReport, WithheldField};
use sync_model::ObjectKind;

use crate::job::JobState;

/// The known results of a connection.
#[derive(Debug)]
pub struct SetupInputs<'a> {
    /// The owner of the settings.
    pub managed_by: ManagedBy,
    /// The time at which the settings were saved in the console.
    pub saved_at: Option<Timestamp>,
    /// The configuration file.
    pub config_file: &'a Path,
    /// The settings, or the reason why the connection is unavailable.
    pub settings: Result<&'a ConnectionConfig, &'a Finding>,
    /// The last *Setup*.
    pub setup: JobState<SetupReport>,
    /// The last *Verify*.
    pub verified: JobState<VerifyReport>,
    /// The facts of the store; `None` if the connection is unavailable.
    pub evidence: Option<SetupEvidence>,
}

/// The facts of the store.
#[derive(Debug, Clone)]
pub struct SetupEvidence {
    /// All aspects of the connection's health.
    pub conditions: Conditions,
    /// Fields whose values are withheld.
    pub withheld: Vec<WithheldField>,
    /// True if the connection is paused.
    pub is_paused: bool,
    /// The start of the last successful full sync.
    pub last_full_sync_at: Option<Timestamp>,
    /// Confirmed objects by kind.
    pub objects: BTreeMap<ObjectKind, ObjectCounts>,
    /// The last full sync, with any result.
    pub last_full_sync: Option<RunSummary>,
    /// The time of a requested full sync that hasn't started.
    pub requested_at: Option<Timestamp>,
}
