//! Labels of phases.

use sync_engine::Phase;

/// The label of a phase.
pub const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Schema => "Comparing schemas",
        Phase::Groups => "Reading groups",
        Phase::Members => "Reading memberships",
        Phase::Users => "Reading users",
        Phase::Unlisted => "Checking unlisted objects",
        Phase::Objects => "Reading objects",
        Phase::Sending => "Sending records",
        Phase::Processing => "Processing in Assets",
    }
}
