//! The System Log.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use okta_client::{Error, LogCheckpoint, LogQuery, LogStart};
use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::*;

const LOGS: &str = "/api/v1/logs";
const PAUSE: Duration = Duration::from_mins(1);
/// A pause that ends by hand.
const HOUR: Duration = Duration::from_hours(1);

fn event(n: usize) -> Value {
    json!({"uuid": format!("e{n}"), "published": "2026-03-01T10:00:00.000Z",
        "eventType": "user.account.update_profile", "target": [{"id": "00u1", "type": "User"}]})
}

/// A page, and the place after it.
fn page(server: &MockServer, events: Value, after: &str) -> ResponseTemplate {
    let own = format!("<{}{LOGS}?after=self>; rel=\"self\"", server.uri());
    let next = format!("<{}{LOGS}?after={after}>; rel=\"next\"", server.uri());
    ok(events).append_header("link", own).append_header("link", next)
}

async fn at(server: &MockServer, after: &str, times: u64, response: ResponseTemplate) {
    let mock = Mock::given(path(LOGS)).and(query_param("after", after)).respond_with(response);
    mock.up_to_n_times(times).mount(server).await;
}

fn since() -> LogStart {
    LogStart::Since {
        since: "2026-03-01T09:00:00Z".parse().unwrap(),
        filter: Some("eventType sw \"user.\"".into()),
    }
}

#[tokio::test]
async fn bounded_log_query_lists_every_page() {
    let server = server().await;
    at(&server, "a", 1, ok(json!([event(2)]))).await;
    answer(&server, LOGS, page(&server, json!([event(1)]), "a")).await;
    let query = LogQuery {
        q: Some("ada".into()),
        filter: Some("outcome.result eq \"SUCCESS\"".into()),
        limit: Some(10),
        ..LogQuery::between("2026-03-01T09:00:00Z".parse().unwrap(), "2026-03-02T09:00:00Z".parse().unwrap())
    };
    let events: Vec<_> = client(&server).logs().list(&query).try_collect().await.unwrap();
    assert_eq!(events.iter().map(|e| e.uuid.as_str()).collect::<Vec<_>>(), ["e1", "e2"]);
    assert_eq!(events[0].users().collect::<Vec<_>>(), ["00u1"]);
    insta::assert_snapshot!(sent(&server, LOGS).await[0].url.query().unwrap());
}

#[tokio::test]
async fn follow_resumes_at_stored_checkpoint() {
    let server = server().await;
    Mock::given(path(LOGS))
        .and(query_param("since", "2026-03-01T09:00:00.000Z"))
        .and(query_param("sortOrder", "ASCENDING"))
        .and(query_param("filter", "eventType sw \"user.\""))
        .respond_with(page(&server, json!([event(1), event(2)]), "a"))
        .expect(1)
        .mount(&server)
        .await;
    at(&server, "a", 1, page(&server, json!([]), "b")).await;
    let okta = client(&server);
    let following = tokio::spawn({
        let okta = okta.clone();
        async move { okta.logs().follow(&since(), HOUR).take(3).try_collect::<Vec<_>>().await }
    });
    // No pause while there is something.
    received(&server, LOGS, 2).await;
    while okta.pacer().state().in_flight > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Nothing new, then a pause: what is asked before its end fails.
    at(&server, "b", 1, page(&server, json!([event(3)]), "c")).await;
    skip(HOUR).await;
    let pages = following.await.unwrap().unwrap();
    assert_eq!(pages.iter().map(|p| p.events.len()).collect::<Vec<_>>(), [2, 0, 1]);
    assert!(sent(&server, LOGS).await.iter().all(|r| r.url.query_pairs().all(|(name, _)| name != "until")));

    // Stored as text, and gone on with in another life.
    let stored = serde_json::to_string(&pages[2].checkpoint).unwrap();
    let checkpoint: LogCheckpoint = serde_json::from_str(&stored).unwrap();
    assert_eq!(checkpoint, pages[2].checkpoint.to_string().parse().unwrap());
    at(&server, "c", 1, page(&server, json!([event(4)]), "d")).await;
    let another = client(&server);
    let page = std::pin::pin!(another.logs().follow(&LogStart::At(checkpoint), PAUSE))
        .next()
        .await
        .unwrap()
        .unwrap();
    assert_eq!(page.events[0].uuid, "e4");
}

#[tokio::test]
async fn transient_error_keeps_log_stream_open() {
    let server = server().await;
    answer_once(&server, LOGS, page(&server, json!([event(1)]), "a")).await;
    at(&server, "a", 6, ResponseTemplate::new(503)).await;
    at(&server, "a", 1, page(&server, json!([event(2)]), "b")).await;
    let okta = client(&server);
    let items: Vec<_> = hurried(okta.logs().follow(&since(), PAUSE).take(3).collect()).await;
    assert!(matches!(items[1], Err(Error::Unavailable { .. })), "{items:?}");
    assert_eq!(items[2].as_ref().unwrap().events[0].uuid, "e2", "the same place again");
}

#[tokio::test]
async fn rejected_checkpoint_ends_the_stream() {
    let server = server().await;
    let refusal = json!({"errorCode": "E0000001", "errorSummary": "Api validation failed: after"});
    answer(&server, LOGS, ResponseTemplate::new(400).set_body_json(refusal)).await;
    let checkpoint = format!("{}{LOGS}?after=old", server.uri()).parse().unwrap();
    let items: Vec<_> = client(&server).logs().follow(&LogStart::At(checkpoint), PAUSE).collect().await;
    assert!(matches!(items.as_slice(), [Err(Error::Api { .. })]), "{items:?}");
}

#[tokio::test]
async fn a_place_elsewhere_is_not_asked() {
    let server = server().await;
    let elsewhere = MockServer::start().await;
    let okta = client(&server);
    for foreign in [
        format!("{}{LOGS}?after=a", elsewhere.uri()),
        format!("{}/api/v1/users", server.uri()),
        format!("{}{LOGS}?after=a", server.uri().replace("://", "://me:s3cret@")),
    ] {
        let start = LogStart::At(foreign.parse().unwrap());
        let items: Vec<_> = okta.logs().follow(&start, PAUSE).collect().await;
        assert!(matches!(items.as_slice(), [Err(Error::InvalidCheckpoint(_))]), "{items:?}");
    }
    assert!("not a URL".parse::<LogCheckpoint>().is_err());
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn log_page_needs_next_link() {
    let server = server().await;
    answer(&server, LOGS, ok(json!([event(1)]))).await;
    let items: Vec<_> = client(&server).logs().follow(&since(), PAUSE).collect().await;
    assert!(matches!(items.as_slice(), [Err(Error::MissingNextLink { .. })]), "{items:?}");
}

#[tokio::test]
async fn foreign_log_link_is_requested_locally() {
    let server = server().await;
    let elsewhere = MockServer::start().await;
    at(&server, "a", 1, page(&server, json!([event(2)]), "b")).await;
    answer(&server, LOGS, page(&elsewhere, json!([event(1)]), "a")).await;
    let okta = client(&server);
    let pages: Vec<_> = okta.logs().follow(&since(), PAUSE).take(2).try_collect().await.unwrap();
    assert_eq!(pages[1].events[0].uuid, "e2");
    assert!(pages[0].checkpoint.to_string().starts_with(&server.uri()), "stored with the org's own origin");
    assert_eq!(okta.other_origins(), [elsewhere.uri()]);
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn log_link_to_other_path_fails() {
    let server = server().await;
    let link = "</api/v1/users?after=a>; rel=\"next\"";
    answer(&server, LOGS, ok(json!([event(1)])).append_header("link", link)).await;
    let items: Vec<_> = client(&server).logs().follow(&since(), PAUSE).collect().await;
    assert!(matches!(items.as_slice(), [Err(Error::OtherListing { .. })]), "{items:?}");
}

#[tokio::test]
async fn unreadable_event_keeps_the_others() {
    let server = server().await;
    let mut odd = [event(1), event(2), event(3), event(5)];
    odd[0].as_object_mut().unwrap().remove("published");
    odd[1]["severity"] = json!(3);
    odd[1]["outcome"] = json!("SUCCESS");
    odd[3]["target"] = json!("all");
    answer(&server, LOGS, page(&server, json!(odd), "a")).await;
    let page = client(&server).logs().poll(&since()).await.unwrap();
    assert_eq!(page.events.iter().map(|event| event.uuid.as_str()).collect::<Vec<_>>(), ["e2", "e3"]);
    let odd: Vec<String> = page.unreadable.iter().map(ToString::to_string).collect();
    assert_eq!(odd, ["e1 has nothing in the field published", "e5 has text in the field target"]);
    assert!(page.checkpoint.to_string().ends_with("after=a"), "the place is after them");
}

#[tokio::test]
async fn non_json_log_page_is_retried() {
    let server = server().await;
    answer_once(&server, LOGS, ResponseTemplate::new(200).set_body_string("<html>wait</html>")).await;
    answer(&server, LOGS, page(&server, json!([event(1)]), "a")).await;
    let okta = client(&server);
    let items: Vec<_> = hurried(okta.logs().follow(&since(), PAUSE).take(2).collect()).await;
    assert!(matches!(&items[0], Err(Error::Decode { well_formed: false, .. })), "{items:?}");
    assert_eq!(items[1].as_ref().unwrap().events.len(), 1);
}

#[tokio::test]
async fn idle_follow_keeps_its_checkpoint() {
    let server = server().await;
    answer(&server, LOGS, page(&server, json!([]), "same")).await;
    let pages: Vec<_> =
        hurried(async { client(&server).logs().follow(&since(), PAUSE).take(5).try_collect().await })
            .await
            .unwrap();
    assert!(pages.iter().all(|page| page.checkpoint == pages[0].checkpoint));
}
