//! Labels of conditions and of their summary.

use sync_service::engine::{ConditionType, ConnectionHealth};

use super::health;

/// The label of a condition.
pub(crate) const fn condition(condition: ConditionType) -> &'static str {
    match condition {
        ConditionType::Current => "Assets is current",
        ConditionType::StoreAvailable => "State store available",
        ConditionType::StoreSpace => "Disk space available",
        ConditionType::LeaderRunning => "Leader running",
        ConditionType::SendingEnabled => "Not paused",
        ConditionType::SchemaReady => "Object schema ready",
        ConditionType::ValuesStorable => "All values sent",
        ConditionType::EventHookReady => "Event hook ready",
        ConditionType::SystemLogRead => "System Log read",
        ConditionType::InitialSync => "First full sync succeeded",
        ConditionType::SyncsSucceeding => "Syncs succeeding",
        ConditionType::EventsApplied => "Events applied",
        ConditionType::EventsProgressing => "Events progressing",
        ConditionType::EventsSucceeded => "No failed events",
        ConditionType::RecordsConfirmed => "Records confirmed",
        ConditionType::ObjectsReadable => "Objects readable in Okta",
        ConditionType::SafeguardsClear => "No blocked changes",
        ConditionType::ValuesCleared => "No stale values",
        ConditionType::ScopeResolved => "Scope resolved",
        ConditionType::ClockSynchronized => "Clocks synchronized",
        ConditionType::RequestsUnthrottled => "No throttled requests",
    }
}

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
