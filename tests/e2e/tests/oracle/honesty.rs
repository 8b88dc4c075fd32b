//! The product's own words, against both sides.
//!
//! The words are those of `Connection::status`, which the command line, the API, and the metrics render, and the open
//! troubles. When they say that nothing is missing, the two sides are equal.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sandbox::{ControlClient, audit};
use sync_service::Connection;

/// How much later than its event a change may become readable, or be logged: the most that the weather brings, and as much
/// again. What is younger than the time that the product names may differ.
const SLACK: SignedDuration = SignedDuration::from_millis(2500);

/// Why the product does not claim that everything up to a change is in Assets; `None` when it does.
pub(crate) async fn admits(connection: &Connection, changed: Timestamp) -> Option<String> {
    let status = match connection.status(1).await {
        Ok(status) => status,
        Err(error) => return Some(format!("the store cannot be read: {error}")),
    };
    if status.paused.is_some() {
        return Some("paused".to_owned());
    }
    let inbox = &status.inbox;
    for (count, what) in [
        (inbox.pending, "pending"),
        (inbox.looks, "to be read"),
        (inbox.dead, "given up"),
        (inbox.blocked, "held back"),
        (inbox.unconfirmed, "unconfirmed"),
        (status.uncleared.values, "not cleared"),
    ] {
        if count > 0 {
            return Some(format!("{count} {what}"));
        }
    }
    if let Some(trouble) = connection.troubles().into_iter().find(|trouble| trouble.ended.is_none()) {
        return Some(trouble.message);
    }
    match status.freshness.known_until {
        Some(known) if known > changed + SLACK => None,
        known => Some(format!("known until {known:?}")),
    }
}

/// Compares while the product claims to be current. The difference, when it claims so before and after.
pub(crate) async fn lie(
    connection: &Connection,
    changed: Timestamp,
    control: &ControlClient,
    choice: &audit::Choice,
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
