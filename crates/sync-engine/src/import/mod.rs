//! Executions: sending, confirming, and what follows from them.

pub(crate) mod apply;
pub(crate) mod confirmations;
pub(crate) mod foreign;
pub(crate) mod imports;
pub(crate) mod isolation;
pub(crate) mod place;
pub(crate) mod prune;
pub(crate) mod recover;
pub(crate) mod removed;
pub(crate) mod resend;
pub(crate) mod self_test;
pub(crate) mod stale_values;
