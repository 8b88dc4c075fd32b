//! The clients and mappings for reading both sides.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use connectors::{AssetsObjects, AssetsStructure, Projection, Sides};
use okta_client::OktaClient;
use schema_mapper::Mapping;
use tokio::time::Instant;

/// The time limit for one side.
pub(super) const PATIENCE: Duration = Duration::from_secs(20);

/// The clients and mappings for reading both sides.
pub(crate) struct Lookup {
    pub(crate) okta: OktaClient,
    pub(crate) sides: Sides,
    pub(crate) structure: AssetsStructure,
    pub(crate) compared: Mutex<Option<Compared>>,
}

/// Both sides through the mapping for display.
#[derive(Clone)]
pub(super) struct Through {
    pub(super) mapping: Arc<Mapping>,
    pub(super) lens: Projection,
    /// `None` without an account.
    pub(super) assets: Option<AssetsObjects>,
}

/// A comparison, and the version of the mapping that was in force then.
pub(crate) struct Compared {
    pub(super) in_force: Option<String>,
    pub(super) at: Instant,
    pub(super) through: Through,
}
