//! Labels of a connection's health, and the messages behind them.

pub(crate) const IN_SYNC: &str = "In sync";
pub(crate) const SYNCING: &str = "Syncing";
pub(crate) const SETTING_UP: &str = "Setting up";
pub(crate) const SETUP_INCOMPLETE: &str = "Setup incomplete";
pub(crate) const PAUSED: &str = "Paused";
pub(crate) const DEGRADED: &str = "Degraded";
pub(crate) const BLOCKED: &str = "Blocked by safeguard";
pub(crate) const FAILING: &str = "Failing";
pub(crate) const UNAVAILABLE: &str = "Unavailable";
pub(crate) const STANDBY: &str = "Standby";

/// The heading and badge of resolved alerts.
pub(crate) const RESOLVED: &str = "Resolved";
