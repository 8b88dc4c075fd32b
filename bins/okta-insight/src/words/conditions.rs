//! Labels of a connection's health.

/// The label of a connection's health.
use sync_engine::ConnectionHealth;

pub(crate) const fn health(health: ConnectionHealth) -> &'static str {
    match health {
        ConnectionHealth::InSync => "in sync",
        ConnectionHealth::Syncing => "syncing",
        ConnectionHealth::SettingUp => "setting up",
        ConnectionHealth::SetupIncomplete => "setup incomplete",
        ConnectionHealth::Paused => "paused",
        ConnectionHealth::Degraded => "degraded",
        ConnectionHealth::Blocked => "blocked by safeguard",
        ConnectionHealth::Failing => "failing",
        ConnectionHealth::Unavailable => "unavailable",
        ConnectionHealth::Standby => "standby",
    }
}
