//! Firing alerts and the times of checks, for the status that another process shows.

use sync_engine::AlertKind;
use tokio_util::sync::CancellationToken;

use crate::alerts::leader_report::LeaderReport;
use crate::connection::Connection;
use crate::room;

impl Connection {
    /// Stores the leader's report whenever it changes, until interrupted. A failure is logged and repeated.
    pub(crate) async fn publish_leader_report(&self, stop: &CancellationToken) {
        let mut retries = self.sampling.peeks();
        let mut stored = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.alerts.changed() => {}
                _ = retries.tick() => {}
            }
            if let Err(reason) = self.save_leader_report(&mut stored).await {
                tracing::warn!(error = reason, "could not store alerts for other processes");
            }
        }
    }

    /// Stores the leader's report if it differs from the one that was `stored`.
    async fn save_leader_report(&self, stored: &mut Option<String>) -> Result<(), String> {
        let text = serde_json::to_string(&self.own_report()).map_err(|error| error.to_string())?;
        if stored.as_ref() != Some(&text) {
            self.store.save_leader_report(&text).await.map_err(|error| sync_engine::error_chain(&error))?;
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
        let stored = self.store.leader_report().await.ok().flatten();
        let mut report: LeaderReport =
            stored.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // The stored report may be old, and on a full disk there is none.
        report.alerts.retain(|alert| alert.kind != AlertKind::StoreSpace);
        report.alerts.extend(room::alert(&self.file, self.now()).await);
        report
    }
}
