//! The product's own conditions, against both sides.
//!
//! They are those of `Connection::status`, which the command line, the console, the API, and the metrics render. While they
//! say that the connection is current, the two sides are equal.

use std::time::Duration;

use admin_api::ConnectionStatus;
use jiff::{SignedDuration, Timestamp};
use sandbox::{ControlClient, audit};
use sync_daemon::Connection;
use sync_engine::{Condition, ConditionStatus, ConditionType, Conditions, FindingCode};

/// How much later than its event a change may become readable, or be logged: the most that the weather brings, and as much
/// again. What is younger than the time that the product names may differ.
const SLACK: SignedDuration = SignedDuration::from_millis(2500);

/// Conditions that say nothing of the two sides, or of work that ends without an action.
const PASSING: [ConditionType; 6] = [
    ConditionType::Current,
    ConditionType::EventsApplied,
    ConditionType::EventHookReady,
    ConditionType::ScopeResolved,
    ConditionType::ClockSynchronized,
    ConditionType::RequestsUnthrottled,
];

/// A reason that the product gives for differences that stay.
fn stuck(conditions: &Conditions) -> Option<String> {
    let lasts = |condition: &&Condition| {
        condition.status == ConditionStatus::False && !PASSING.contains(&condition.kind)
    };
    conditions.iter().find(lasts).map(named)
}

fn named(condition: &Condition) -> String {
    let reason = condition.reason.map_or("no reason", FindingCode::as_str);
    format!("{}: {reason}", condition.kind.as_str())
}

/// A lasting reason that the product gives for differences; `None` when it gives none.
pub(crate) async fn lasting(connection: &Connection) -> Option<String> {
    stuck(&connection.status(1).await.ok()?.conditions)
}

/// The reason why the product does not claim that everything up to a change is in Assets; `None` when it does.
pub(crate) async fn admits(connection: &Connection, changed: Timestamp) -> Option<String> {
    match connection.status(1).await {
        Ok(status) => admitted(&status, changed),
        Err(error) => Some(format!("the store cannot be read: {error}")),
    }
}

fn admitted(status: &ConnectionStatus, changed: Timestamp) -> Option<String> {
    let current = status.conditions.get(ConditionType::Current)?;
    // A connection with the event hook alone claims no more than the time of its last full sync.
    let by_time = current.reason == Some(FindingCode::DeliveriesUnproven);
    if !current.holds() && !by_time {
        return Some(named(current));
    }
    match status.freshness.synced_through {
        Some(known) if known > changed + SLACK => None,
        known => Some(format!("known until {known:?}")),
    }
}

/// Compares while the product claims to be current. The difference, when it claims so before and after.
pub(crate) async fn lie(
    connection: &Connection,
    changed: Timestamp,
    control: &ControlClient,
    choice: &audit::Scope,
) -> Option<String> {
    if admits(connection, changed).await.is_some() {
        return None;
    }
    let audit = audit::compare_chosen(control, choice).await.unwrap();
    if audit.in_sync || admits(connection, changed).await.is_some() {
        return None;
    }
    // What was read of the two sides may stem from before and after a last execution.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let audit = audit::compare_chosen(control, choice).await.unwrap();
    if audit.in_sync || admits(connection, changed).await.is_some() {
        return None;
    }
    let shown = audit.differences.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
    Some(format!("says that it is current, with {} differences, such as {shown}", audit.total_differences))
}
