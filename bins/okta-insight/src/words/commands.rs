//! Commands as hints name them.

pub(crate) const DAEMON: &str = "okta-insightd";
pub(crate) const DOCTOR: &str = "okta-insight doctor";
pub(crate) const EVENTS: &str = "okta-insight events";
pub(crate) const EVENTS_FAILED: &str = "okta-insight events --state failed";
pub(crate) const EVENTS_REPLAY: &str = "okta-insight events replay --all-failed";
pub(crate) const EXPORT: &str = "okta-insight export DIR";
pub(crate) const INIT: &str = "okta-insight init";
pub(crate) const MASTER_KEY_GENERATE: &str = "okta-insight master-key generate";
pub(crate) const PLAN: &str = "okta-insight plan";
pub(crate) const PRUNE_OVERRIDE: &str = "okta-insight prune --override-safeguards";
pub(crate) const RESUME: &str = "okta-insight resume";
pub(crate) const RUNS: &str = "okta-insight runs";
pub(crate) const SELFTEST: &str = "okta-insight selftest";
pub(crate) const SELFTEST_KEEP: &str = "okta-insight selftest --keep-objects";
pub(crate) const SETUP: &str = "okta-insight setup";
pub(crate) const SETUP_MANUAL: &str = "okta-insight setup --manual-event-hook";
pub(crate) const STATUS: &str = "okta-insight status";
pub(crate) const SYNC: &str = "okta-insight sync";
pub(crate) const SYNC_OVERRIDE: &str = "okta-insight sync --override-safeguards";
pub(crate) const SYNC_RESEND: &str = "okta-insight sync --resend";
pub(crate) const TOKENS_CREATE: &str = "okta-insight tokens create";
pub(crate) const VERIFY: &str = "okta-insight verify";
