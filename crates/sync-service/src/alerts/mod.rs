//! Telling somebody who does not watch: every alert is logged, and sent to a webhook where one is configured.
//!
//! Raising an alert only puts it into a queue. A webhook that is slow, wrong or gone costs its alerts and nothing else.

mod active;
mod rate_limiter;
mod webhook;

use std::time::Duration;

use jiff::Timestamp;
use outbound::Outbound;
use sync_engine::{Alert, AlertKind, AlertSink, Clock, SystemClock, Task, TaskFailure};
use sync_model::ConnectionName;
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::{AlertConfig, ConfigError, room};
use active::AlertBoard;
pub use active::AlertEntry;
use rate_limiter::{Notice, RateLimiter};
use webhook::Webhook;

/// How many alerts wait for the webhook at most.
const QUEUE: usize = 64;
/// How long alerts that wait may hold the process back once it is told to stop.
const FLUSH: Duration = Duration::from_secs(2);

/// Whom a connection tells.
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

    /// What goes wrong, then what is over, the newest first.
    pub(crate) fn troubles(&self) -> Vec<AlertEntry> {
        self.board.all()
    }

    /// The hook brought something: it works, whatever the log said of it before.
    pub(crate) fn delivered(&self) {
        self.board.delivered(SystemClock.now());
    }

    /// Tells once that the store's file system is nearly full, and once that it no longer is.
    pub(crate) fn space(&self, shortage: Option<String>, at: Timestamp) {
        match (shortage, self.board.is_short_of_space()) {
            (Some(message), false) => {
                let hint = Some(room::HINT.to_owned());
                self.send(Alert { kind: AlertKind::StoreSpace, message, hint, at });
            }
            (None, true) => {
                self.board.has_space(at);
                let message = "the file system of the state store has space again".to_owned();
                self.send(Alert { kind: AlertKind::Recovered, message, hint: None, at });
            }
            _ => {}
        }
    }

    /// Sends what is raised, until told that nothing more is; what waits then has a few seconds.
    pub(crate) async fn deliver(&self, ended: &CancellationToken) {
        let Some(webhook) = &self.webhook else { return };
        let too_late = async {
            ended.cancelled().await;
            tokio::time::sleep(FLUSH).await;
        };
        tokio::select! {
            () = self.work(webhook, ended) => {}
            () = too_late => {
                tracing::warn!(connection = %self.connection, "alerts were left unsent; they are in the log");
            }
        }
    }

    async fn work(&self, webhook: &Webhook, ended: &CancellationToken) {
        let mut waiting = self.waiting.lock().await;
        let mut gate = RateLimiter::new(self.repeat_interval);
        loop {
            let notices = tokio::select! {
                // What was raised before the end is sent.
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
                kind = ?notice.alert.kind,
                problem,
                "an alert could not be sent"
            );
        }
    }
}

impl AlertSink for Alerts {
    fn send(&self, alert: Alert) {
        self.board.raised(&alert);
        let Alert { kind, message, hint, .. } = &alert;
        if *kind == AlertKind::Recovered {
            tracing::info!(connection = %self.connection, alert = ?kind, "{message}");
        } else {
            tracing::warn!(connection = %self.connection, alert = ?kind, hint, "{message}");
        }
        if self.webhook.is_some() && self.queue.try_send(alert).is_err() {
            tracing::warn!(connection = %self.connection, "too many alerts wait to be sent; this one is only here");
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
