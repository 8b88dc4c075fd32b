//! Firing alerts for the status that another process shows.

use tokio_util::sync::CancellationToken;

use crate::Connection;

impl Connection {
    /// Stores the firing alerts whenever they change, until interrupted. A failure is logged and repeated.
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

    /// Stores the firing alerts if they differ from those that were `stored`.
    async fn store_alerts(&self, stored: &mut Option<String>) -> Result<(), String> {
        let firing: Vec<_> =
            self.alert_entries().into_iter().filter(|alert| alert.resolved_at.is_none()).collect();
        let text = serde_json::to_string(&firing).map_err(|error| error.to_string())?;
        if stored.as_ref() != Some(&text) {
            self.store.store_alerts(&text).await.map_err(|error| crate::error_chain(&error))?;
            *stored = Some(text);
        }
        Ok(())
    }
}
