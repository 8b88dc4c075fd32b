//! The comparison of both schemas.

use std::sync::Arc;

use diagnostics::JobState;
use sync_daemon::ManagedConnection;

/// Starts the first comparison, which only reads.
pub(super) fn compare_once(member: &Arc<ManagedConnection>) {
    if member.schemas() == JobState::Idle {
        member.compare_schemas();
    }
}
