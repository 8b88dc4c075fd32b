//! Commands as hints name them.

pub(crate) const DAEMON: &str = "okta-insightd";
pub(crate) const EXPORT: &str = "okta-insight export DIR";
pub(crate) const INIT: &str = "okta-insight init";
pub(crate) const PLAN: &str = "okta-insight plan";
pub(crate) const RESUME: &str = "okta-insight resume";
pub(crate) const SETUP: &str = "okta-insight setup";
pub(crate) const STATUS: &str = "okta-insight status";
pub(crate) const SYNC: &str = "okta-insight sync";
pub(crate) const TOKENS_CREATE: &str = "okta-insight tokens create";
pub(crate) const VERIFY: &str = "okta-insight verify";
