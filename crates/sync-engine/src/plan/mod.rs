//! Plans: the changes that a run would send.

pub(crate) mod preview;
pub(crate) mod sync_plan;
