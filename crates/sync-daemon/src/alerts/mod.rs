//! Alerts: each is logged, and sent to a webhook if one is configured.
//!
//! Alerts are queued. A slow, wrong, or missing webhook loses its alerts and affects nothing else.

mod active;
mod leader_report;
mod publish;
mod rate_limiter;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use admin_api::AlertEntry;
use jiff::Timestamp;
use outbound::Outbound;
use sync_config::{AlertConfig, ConfigError};
use sync_engine::{Alert, AlertKind, AlertSink, CheckTimes, Finding, Task, TaskFailure, Wake};
use sync_model::ConnectionName;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use active::AlertBoard;
pub(crate) use leader_report::LeaderReport;
use rate_limiter::{Notice, RateLimiter};
use webhook::Webhook;

/// The most alerts in the queue of the webhook.
const QUEUE: usize = 64;
/// The longest time for sending queued alerts after an interruption.
const FLUSH: Duration = Duration::from_secs(2);

/// The alerts of a connection.
pub(crate) struct Alerts {
    connection: ConnectionName,
    webhook: Option<Webhook>,
    repeat_interval: Duration,
    board: AlertBoard,
    queue: mpsc::Sender<Alert>,
    waiting: Mutex<mpsc::Receiver<Alert>>,
}

impl Alerts {
    pub(crate) fn new(
        connection: &ConnectionName,
        config: Option<&AlertConfig>,
        outbound: Outbound,
    ) -> Result<Self, ConfigError> {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let webhook = config.map(|config| Webhook::new(connection, config, outbound)).transpose();
        Ok(Self {
            connection: connection.clone(),
            webhook: webhook.map_err(|problem| ConfigError::Value {
                key: format!("connections.{connection}.alerts.webhook_url"),
                problem,
            })?,
            repeat_interval: config.map_or(Duration::ZERO, |config| config.repeat_interval),
            board: AlertBoard::default(),
            queue,
            waiting: Mutex::new(waiting),
        })
    }

    /// Firing alerts, then resolved ones, newest first.
    pub(crate) fn alert_entries(&self) -> Vec<AlertEntry> {
        self.board.all()
    }

    /// The last results of periodic checks.
    pub(crate) fn checks(&self) -> CheckTimes {
        self.board.checks()
    }

    /// Woken by each change of the firing alerts or of the times of checks.
    pub(crate) fn changes(&self) -> Arc<Wake> {
        self.board.changes()
    }

    /// Resolves failed deliveries: the event hook delivered.
    pub(crate) fn delivered(&self, at: Timestamp) {
        self.board.delivered(at);
    }

    /// Sends an alert if the store's file system is almost full, and its end.
    pub(crate) fn space(&self, shortage: Option<Finding>, at: Timestamp) {
        match shortage {
            Some(_) if self.board.is_short_of_space() => {}
            Some(finding) => self.send(Alert::firing(AlertKind::StoreSpace, finding, at)),
            None => {
                if let Some(AlertEntry { kind, finding, started_at, .. }) = self.board.has_space(at) {
                    self.send(Alert::resolved(kind, finding, started_at));
                }
            }
        }
    }

    /// Sends queued alerts until `ended`, then for a few more seconds.
    pub(crate) async fn deliver(&self, ended: &CancellationToken) {
        let Some(webhook) = &self.webhook else { return };
        let too_late = async {
            ended.cancelled().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            () = self.work(webhook, ended) => {}
            () = too_late => {
                tracing::warn!(connection = %self.connection, "some alerts were not sent; they are in the log");
            }
        }
    }

    async fn work(&self, webhook: &Webhook, ended: &CancellationToken) {
        let mut waiting = self.waiting.lock().await;
        let mut gate = RateLimiter::new(self.repeat_interval);
        loop {
            let notices = tokio::select! {
                // Alerts from before the end are sent.
                biased;
                alert = waiting.recv() => match alert {
                    Some(alert) => gate.admit(alert, Instant::now()),
                    None => return,
                },
                () = ended.cancelled() => return,
                () = at(gate.next()) => gate.due(Instant::now()),
            };
            for notice in &notices {
                self.post(webhook, notice).await;
            }
        }
    }

    async fn post(&self, webhook: &Webhook, notice: &Notice) {
        if let Err(problem) = webhook.send(notice).await {
            tracing::warn!(
                connection = %self.connection,
                kind = notice.alert.kind.as_str(),
                problem,
                "could not send an alert"
            );
        }
    }
}

impl AlertSink for Alerts {
    fn send(&self, alert: Alert) {
        self.board.raised(&alert);
        let (kind, message) = (alert.kind.as_str(), plain_text::finding(&alert.finding));
        if alert.is_resolved() {
            tracing::info!(connection = %self.connection, alert = kind, "resolved: {message}");
        } else {
            let remedy = alert.finding.remedy.as_ref().map(plain_text::remedy);
            tracing::warn!(connection = %self.connection, alert = kind, remedy, "{message}");
        }
        if self.webhook.is_some() && self.queue.try_send(alert).is_err() {
            tracing::warn!(connection = %self.connection, "alert queue is full; alert not sent");
        }
    }

    fn task_failed(&self, failing: TaskFailure) {
        self.board.fails(failing);
    }

    fn task_succeeded(&self, duty: Task, at: Timestamp) {
        self.board.works(duty, at);
    }
}

/// Returns at that time; never without one.
async fn at(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests;
