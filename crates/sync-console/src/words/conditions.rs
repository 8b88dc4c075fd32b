//! Labels of a connection's health.

use sync_engine::ConnectionHealth;

use super::health;

/// The label of a connection's health.
pub(crate) const fn health(health: ConnectionHealth) -> &'static str {
    match health {
        ConnectionHealth::InSync => health::IN_SYNC,
        ConnectionHealth::Syncing => health::SYNCING,
        ConnectionHealth::SettingUp => health::SETTING_UP,
        ConnectionHealth::SetupIncomplete => health::SETUP_INCOMPLETE,
        ConnectionHealth::Paused => health::PAUSED,
        ConnectionHealth::Degraded => health::DEGRADED,
        ConnectionHealth::Blocked => health::BLOCKED,
        ConnectionHealth::Failing => health::FAILING,
        ConnectionHealth::Unavailable => health::UNAVAILABLE,
        ConnectionHealth::Standby => health::STANDBY,
    }
}
