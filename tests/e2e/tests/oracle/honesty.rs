//! The product's own words, against both sides.
//!
//! The words are those of `Connection::status`, which the command line, the API, and the metrics render, and the open
//! troubles. When they say that nothing is missing, the two sides are equal.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandbox::{ControlClient, audit};
use sync_service::engine::AlertKind;
use sync_service::{AlertEntry, Connection, ConnectionStatus};

/// How much later than its event a change may become readable, or be logged: the most that the weather brings, and as much
/// again. What is younger than the time that the product names may differ.
const SLACK: SignedDuration = SignedDuration::from_millis(2500);

/// Work that waits, and ends by itself.
fn waiting(status: &ConnectionStatus) -> Option<String> {
    let counts =
        [(status.event_queue.unfinished(), "pending"), (status.event_queue.work_items, "to be read")];
    let (count, what) = counts.into_iter().find(|(count, _)| *count > 0)?;
    Some(format!("{count} {what}"))
}

/// Differences that stay until they are mended.
fn stuck(status: &ConnectionStatus) -> Option<&'static str> {
    let inbox = &status.event_queue;
    let counts = [
        (inbox.failed, "given up"),
        (inbox.blocked, "held back"),
        (inbox.rejected_records, "rejected"),
        (inbox.unconfirmed_records, "unconfirmed"),
        (status.withheld.len() as u64, "withheld"),
        (inbox.doubted, "in doubt"),
        (inbox.unreadable, "unread"),
        (status.stale_values.values, "not cleared"),
    ];
    let found = counts.into_iter().find(|(count, _)| *count > 0);
    found.map(|(_, what)| what).or_else(|| status.pause.is_some().then_some("paused"))
}

/// A trouble that goes on. What the event hook misses is in the log: its health says nothing of the two sides.
fn open_trouble(connection: &Connection) -> Option<AlertEntry> {
    let is_open =
        |trouble: &AlertEntry| trouble.resolved_at.is_none() && trouble.kind != AlertKind::EventHookUnhealthy;
    connection.troubles().into_iter().find(is_open)
}

/// A lasting reason that the product gives for differences; `None` when it gives none.
pub(crate) async fn lasting(connection: &Connection) -> Option<String> {
    let status = connection.status(1).await.ok()?;
    if let Some(reason) = stuck(&status) {
        return Some(reason.to_owned());
    }
    Some(format!("trouble of {:?}", open_trouble(connection)?.kind))
}

/// Why the product does not claim that everything up to a change is in Assets; `None` when it does.
pub(crate) async fn admits(connection: &Connection, changed: Timestamp) -> Option<String> {
    let status = match connection.status(1).await {
        Ok(status) => status,
        Err(error) => return Some(format!("the store cannot be read: {error}")),
    };
    if let Some(reason) = waiting(&status).or_else(|| stuck(&status).map(str::to_owned)) {
        return Some(reason);
    }
    if let Some(trouble) = open_trouble(connection) {
        return Some(sync_service::words::finding(&trouble.finding));
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
