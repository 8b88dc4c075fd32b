//! The webhook: an address that is a secret, and two formats.

use std::time::Duration;

use outbound::Outbound;
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use sync_config::{AlertConfig, AlertFormat, USER_AGENT, webhook_origin};
use sync_model::ConnectionName;

use super::rate_limiter::Notice;

/// The time limit of one attempt.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The number of attempts.
const ATTEMPTS: u32 = 4;
/// The longest wait that a receiver can request.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

pub(super) struct Webhook {
    connection: ConnectionName,
    client: Client,
    outbound: Outbound,
    url: SecretString,
    /// Its scheme, host, and port.
    origin: Url,
    format: AlertFormat,
    /// Before the second attempt; doubled before each further one.
    pause: Duration,
}

/// The error of an attempt.
struct DeliveryError {
    /// Of the URL, it only contains host and port.
    problem: String,
    /// The time of the next attempt.
    again: Option<Duration>,
}

impl Webhook {
    pub(super) fn new(
        connection: &ConnectionName,
        config: &AlertConfig,
        outbound: Outbound,
    ) -> Result<Self, String> {
        let origin = webhook_origin(config, &outbound)?;
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .connect_timeout(TIMEOUT / 2)
            .redirect(Policy::none());
        let client =
            outbound.apply(client).build().map_err(|_| "could not create the HTTP client".to_owned())?;
        Ok(Self {
            connection: connection.clone(),
            client,
            outbound,
            url: config.webhook_url.clone(),
            origin,
            format: config.format,
            pause: Duration::from_secs(1),
        })
    }

    #[cfg(test)]
    pub(super) fn impatient(mut self) -> Self {
        self.pause = Duration::from_millis(10);
        self
    }

    /// Sends a notice, with several attempts for transient errors. The error doesn't contain the URL.
    pub(super) async fn send(&self, notice: &Notice) -> Result<(), String> {
        let body = body(&self.connection, self.format, notice);
        let mut pause = self.pause;
        for attempt in 1.. {
            let Err(failure) = self.post(&body).await else { return Ok(()) };
            let Some(again) = failure.again.filter(|_| attempt < ATTEMPTS) else {
                return Err(failure.problem);
            };
            tokio::time::sleep(pause.max(again)).await;
            pause *= 2;
        }
        Ok(())
    }

    async fn post(&self, body: &Value) -> Result<(), DeliveryError> {
        let request = self.client.post(self.url.expose_secret().trim()).json(body);
        let answer = request.send().await.map_err(|error| {
            let reason = self.outbound.not_reached(&self.origin, &error);
            DeliveryError {
                problem: format!("{reason}; {}", reason.remedy()),
                again: (!reason.is_lasting()).then_some(Duration::ZERO),
            }
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let passing = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        let asked = answer.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.parse().ok());
        let asked = Duration::from_secs(asked.unwrap_or_default()).min(LONGEST_WAIT);
        Err(DeliveryError {
            problem: format!("the response has status {status}"),
            again: passing.then_some(asked),
        })
    }
}

/// The document that is sent.
pub(super) fn body(connection: &ConnectionName, format: AlertFormat, notice: &Notice) -> Value {
    let Notice { alert, suppressed_count } = notice;
    let finding = &alert.finding;
    let message = plain_text::finding(finding);
    let remedy = finding.remedy.as_ref().filter(|_| !alert.is_resolved()).map(plain_text::remedy);
    match format {
        AlertFormat::Json => {
            let fact = json!(finding.fact);
            json!({
                "connection": connection,
                "kind": alert.kind,
                "status": alert.status,
                "severity": finding.severity,
                "code": fact["code"],
                "facts": fact["facts"],
                "message": message,
                "remedy": remedy,
                "started_at": alert.started_at,
                "suppressed_count": suppressed_count,
            })
        }
        AlertFormat::Slack => {
            let sign = if alert.is_resolved() { ":white_check_mark:" } else { ":warning:" };
            let mut lines = vec![format!("{sign} okta-insight, {connection}: {message}")];
            lines.extend(remedy);
            if *suppressed_count > 0 {
                lines.push(format!("({suppressed_count} more alerts of this kind since the last message)"));
            }
            let text = lines.join("\n");
            // Slack reserves these three characters.
            json!({ "text": text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;") })
        }
    }
}
