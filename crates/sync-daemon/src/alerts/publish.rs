//! Firing alerts and the times of checks, for the status that another process shows.

use async_trait::async_trait;
use sync_engine::{Activated, ActivationReason, AlertKind, BackgroundTask, FailedActivation, Task, TaskSpec};
use tokio_util::sync::CancellationToken;

use crate::alerts::leader_report::LeaderReport;
use crate::connection::Connection;
use crate::room;

/// Stores the leader's report. A failure is logged and repeated.
struct ReportTask<'c> {
    connection: &'c Connection,
    stored: Option<String>,
}

#[async_trait]
impl BackgroundTask for ReportTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        match self.connection.save_leader_report(&mut self.stored).await {
            Ok(()) => Activated::Done,
            Err(reason) => {
                tracing::warn!(error = reason, "could not store alerts for other processes");
                Activated::failed(FailedActivation::quiet(Task::LeaderReport, reason, None))
            }
        }
    }
}

impl Connection {
    /// Stores the leader's report whenever it changes, until interrupted.
    pub(crate) async fn publish_leader_report(&self, stop: &CancellationToken) {
        let changes = self.alerts.changes();
        let mut report = ReportTask { connection: self, stored: None };
        self.engine().driver().run(TaskSpec::woken(Task::LeaderReport, &changes), &mut report, stop).await;
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
