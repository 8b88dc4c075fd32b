use serde_json::{Value, json};
use sync_config::AlertFormat;
use sync_engine::{Fact, Remedy};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;

fn alert(kind: AlertKind, error: &str) -> Alert {
    let at = "2026-03-01T12:00:00Z".parse().unwrap();
    let fact = Fact::Unavailable { error: error.to_owned() };
    Alert::firing(kind, Finding::error(fact).with_remedy(Remedy::RunFullSync), at)
}

fn notice(suppressed_count: u64) -> Notice {
    Notice { alert: alert(AlertKind::SyncFailed, "<a> & b"), suppressed_count }
}

fn main() -> ConnectionName {
    ConnectionName::try_from("main".to_owned()).unwrap()
}

fn config(url: &str, repeat_interval: Duration) -> AlertConfig {
    AlertConfig { webhook_url: url.to_owned().into(), format: AlertFormat::Json, repeat_interval }
}

fn alerts(url: &str, repeat_interval: Duration) -> Arc<Alerts> {
    let mut alerts = Alerts::new(&main(), Some(&config(url, repeat_interval)), Outbound::new()).unwrap();
    alerts.webhook = alerts.webhook.map(Webhook::impatient);
    Arc::new(alerts)
}

async fn bodies(server: &MockServer) -> Vec<Value> {
    let requests = server.received_requests().await.unwrap();
    requests.iter().map(|request| serde_json::from_slice(&request.body).unwrap()).collect()
}

#[test]
fn formats_match_documentation() {
    let (message, remedy) =
        (plain_text::finding(&notice(2).alert.finding), plain_text::remedy(&Remedy::RunFullSync));
    assert_eq!(
        webhook::body(&main(), AlertFormat::Json, &notice(2)),
        json!({"connection": "main", "kind": "sync_failed", "status": "firing", "severity": "error",
               "code": "unavailable", "facts": {"error": "<a> & b"}, "message": message, "remedy": remedy,
               "started_at": "2026-03-01T12:00:00Z", "suppressed_count": 2})
    );
    let message = message.replace("<a> & b", "&lt;a&gt; &amp; b");
    let text = format!(
        ":warning: okta-insight, main: {message}\n{remedy}\n(2 more alerts of this kind since the last message)"
    );
    assert_eq!(webhook::body(&main(), AlertFormat::Slack, &notice(2)), json!({ "text": text }));
}

#[tokio::test]
async fn queued_alerts_are_sent_before_shutdown() {
    let server = MockServer::start().await;
    let to = Mock::given(method("POST")).and(path("/s3cret")).and(header("content-type", "application/json"));
    to.respond_with(ResponseTemplate::new(204)).expect(2).mount(&server).await;
    let alerts = alerts(&format!("{}/s3cret", server.uri()), Duration::from_mins(15));
    alerts.send(alert(AlertKind::SyncFailed, "one"));
    alerts.send(alert(AlertKind::SyncFailed, "too soon"));
    alerts.send(alert(AlertKind::SystemLogUnavailable, "another"));
    let ended = CancellationToken::new();
    ended.cancel();
    alerts.deliver(&ended).await;
    let told: Vec<_> = bodies(&server).await.into_iter().map(|body| body["facts"]["error"].clone()).collect();
    assert_eq!(told, ["one", "another"]);
}

#[tokio::test]
async fn webhook_retries_only_temporary_errors() {
    for (status, attempts) in [(503, 4), (429, 4), (404, 1), (302, 1)] {
        let server = MockServer::start().await;
        // A redirect is not followed: the address is a secret, and goes nowhere else.
        let answer = ResponseTemplate::new(status).insert_header("location", "/elsewhere");
        Mock::given(method("POST")).respond_with(answer).expect(attempts).mount(&server).await;
        let url = format!("{}/s3cret", server.uri());
        let webhook =
            Webhook::new(&main(), &config(&url, Duration::ZERO), Outbound::new()).unwrap().impatient();
        let problem = webhook.send(&notice(0)).await.unwrap_err();
        assert!(problem.contains(&status.to_string()) && !problem.contains("s3cret"), "{problem}");
    }
    let gone =
        Webhook::new(&main(), &config("http://127.0.0.1:9/s3cret", Duration::ZERO), Outbound::new()).unwrap();
    let problem = gone.impatient().send(&notice(0)).await.unwrap_err();
    assert!(problem.contains("it refuses the connection") && !problem.contains("s3cret"), "{problem}");
}

#[tokio::test]
async fn webhook_succeeds_after_one_failure() {
    let server = MockServer::start().await;
    let failing = Mock::given(method("POST")).respond_with(ResponseTemplate::new(500));
    failing.up_to_n_times(1).mount(&server).await;
    Mock::given(method("POST")).respond_with(ResponseTemplate::new(200)).expect(1).mount(&server).await;
    let webhook =
        Webhook::new(&main(), &config(&server.uri(), Duration::ZERO), Outbound::new()).unwrap().impatient();
    webhook.send(&notice(0)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn unresponsive_webhook_does_not_block() {
    // Listens, and takes nothing.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let alerts = alerts(&format!("http://{}/", listener.local_addr().unwrap()), Duration::ZERO);
    for n in 0..10 * QUEUE {
        alerts.send(alert(AlertKind::SyncFailed, &n.to_string()));
    }
    let ended = CancellationToken::new();
    ended.cancel();
    let began = Instant::now();
    alerts.deliver(&ended).await;
    assert!(began.elapsed() <= FLUSH + Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn alerts_need_no_webhook() {
    let alerts = Alerts::new(&main(), None, Outbound::new()).unwrap();
    alerts.send(alert(AlertKind::SyncFailed, "one"));
    alerts.deliver(&CancellationToken::new()).await;
}

#[test]
fn private_webhook_needs_permission() {
    let config = config("https://192.168.0.7/s3cret", Duration::ZERO);
    let refused = Webhook::new(&main(), &config, Outbound::new()).err().unwrap();
    assert!(refused.contains("allow_private_addresses") && !refused.contains("s3cret"), "{refused}");
    assert!(Webhook::new(&main(), &config, Outbound::new().allow_private_addresses(true)).is_ok());
}
