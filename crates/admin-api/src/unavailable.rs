//! The reason for which a connection is unavailable.

use serde::{Deserialize, Serialize};
use sync_engine::{Fact, Finding, Remedy};

/// The reason for which a connection is unavailable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Unavailable(Finding);

impl Unavailable {
    /// Unavailable for this reason.
    pub const fn new(finding: Finding) -> Self {
        Self(finding)
    }

    /// The reason as a finding.
    pub const fn finding(&self) -> &Finding {
        &self.0
    }

    /// True if nothing is wrong: another process is the leader, and this one takes over when that ends.
    pub const fn is_standby(&self) -> bool {
        matches!(self.0.fact, Fact::Standby)
    }

    /// Replaces the remedy.
    #[must_use]
    pub fn with_remedy(self, remedy: Remedy) -> Self {
        Self(self.0.with_remedy(remedy))
    }
}
