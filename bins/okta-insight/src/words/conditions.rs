//! Labels of conditions and of their summary.

use sync_service::engine::{ConditionType, ConnectionHealth};

/// The label of a condition.
pub(crate) const fn condition(condition: ConditionType) -> &'static str {
    match condition {
        ConditionType::Current => "Assets is current",
        ConditionType::StoreAvailable => "state store available",
        ConditionType::StoreSpace => "disk space available",
        ConditionType::LeaderRunning => "leader running",
        ConditionType::SendingEnabled => "not paused",
        ConditionType::SchemaReady => "object schema ready",
        ConditionType::ValuesStorable => "all values sent",
        ConditionType::EventHookReady => "event hook ready",
        ConditionType::SystemLogRead => "System Log read",
        ConditionType::InitialSync => "first full sync succeeded",
        ConditionType::SyncsSucceeding => "syncs succeeding",
        ConditionType::EventsApplied => "events applied",
        ConditionType::EventsProgressing => "events progressing",
        ConditionType::EventsSucceeded => "no failed events",
        ConditionType::RecordsConfirmed => "records confirmed",
        ConditionType::ObjectsReadable => "objects readable in Okta",
        ConditionType::SafeguardsClear => "no blocked changes",
        ConditionType::ValuesCleared => "no stale values",
        ConditionType::ScopeResolved => "scope resolved",
        ConditionType::ClockSynchronized => "clocks synchronized",
        ConditionType::RequestsUnthrottled => "no throttled requests",
    }
}

/// The label of a connection's health.
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
