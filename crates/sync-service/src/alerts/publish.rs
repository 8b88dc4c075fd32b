//! Firing alerts and the times of checks, for the status that another process shows.

use serde::{Deserialize, Serialize};
use sync_engine::{AlertKind, CheckTimes};
use tokio_util::sync::CancellationToken;

use super::AlertEntry;
use crate::{Connection, room};

/// Evidence of the process that runs a connection.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct LeaderReport {
    /// The firing alerts.
    pub(crate) alerts: Vec<AlertEntry>,
    /// The last results of periodic checks.
    pub(crate) checks: CheckTimes,
}

impl Connection {
    /// Stores the leader's report whenever it changes, until interrupted. A failure is logged and repeated.
    pub(crate) async fn publish_alerts(&self, stop: &CancellationToken) {
        let mut retries = self.sampling.peeks();
        let mut stored = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.alerts.changed() => {}
                _ = retries.tick() => {}
            }
            if let Err(reason) = self.store_alerts(&mut stored).await {
                tracing::warn!(error = reason, "could not store alerts for other processes");
            }
        }
    }

    /// Stores the leader's report if it differs from the one that was `stored`.
    async fn store_alerts(&self, stored: &mut Option<String>) -> Result<(), String> {
        let text = serde_json::to_string(&self.own_report()).map_err(|error| error.to_string())?;
        if stored.as_ref() != Some(&text) {
            self.store.store_alerts(&text).await.map_err(|error| crate::error_chain(&error))?;
            *stored = Some(text);
        }
        Ok(())
    }

    fn own_report(&self) -> LeaderReport {
        let firing = self.alert_entries().into_iter().filter(|alert| alert.resolved_at.is_none());
        LeaderReport { alerts: firing.collect(), checks: self.alerts.checks() }
    }

    /// The report of the process that runs the connection.
    pub(crate) async fn leader_report(&self, read_store: bool) -> LeaderReport {
        if self.watch.is_followed() || !read_store {
            return self.own_report();
        }
        // Another version may have written it in another form.
        let stored = self.store.stored_alerts().await.ok().flatten();
        let mut report: LeaderReport =
            stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // The stored report may be old, and on a full disk there is none.
        report.alerts.retain(|alert| alert.kind != AlertKind::StoreSpace);
        report.alerts.extend(room::alert(&self.file).await);
        report
    }
}
