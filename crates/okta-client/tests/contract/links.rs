//! Links between the pages of a listing.

use futures::{StreamExt, TryStreamExt};
use http::HeaderValue;
use okta_client::{Error, GroupQuery, Remedy, UserQuery};
use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, MockServer};

use super::support::*;

#[tokio::test]
async fn malformed_next_link_is_an_error() {
    for link in ["</api/v1/users?after=ü>; rel=\"next\"", "</api/v1/users?after=a", "</api/v1/users?after=a>"]
    {
        let server = server().await;
        let link = HeaderValue::from_bytes(link.as_bytes()).unwrap();
        answer(&server, "/api/v1/users", ok(json!([user(1)])).append_header("link", link)).await;
        let error = client(&server).users().page(&UserQuery::default()).await.unwrap_err();
        assert!(matches!(error, Error::BrokenLink { .. }), "{error:?}");
        assert!(error.is_transient());
    }
}

/// The answers to one listing with so many items in its page, with such a `Link`.
async fn listed(at: &str, count: usize, link: Option<&str>) -> [Result<usize, Error>; 2] {
    let server = server().await;
    let item = |n| json!({"id": format!("00u{n}"), "status": "ACTIVE", "type": "OKTA_GROUP"});
    let items: Value = (0..count).map(item).collect();
    let mut page = ok(items);
    if let Some(link) = link {
        page = page.append_header("link", format!("<{at}?limit=200>; {link}"));
    }
    answer(&server, at, page).await;
    let okta = client(&server);
    let count = |n: Result<Vec<_>, Error>| n.map(|items: Vec<String>| items.len());
    match at {
        "/api/v1/users" => {
            let all = okta.users().list(&UserQuery::default()).map_ok(|user| user.id).try_collect().await;
            let wide = UserQuery { limit: Some(500), ..UserQuery::default() };
            [count(all), okta.users().page(&wide).await.map(|page| page.items.len())]
        }
        "/api/v1/groups" => {
            let all = okta.groups().list(&GroupQuery::default()).map_ok(|group| group.id).try_collect().await;
            [count(all), okta.groups().page(&GroupQuery::default()).await.map(|page| page.items.len())]
        }
        _ => {
            let ids = okta.groups().member_ids("00g1").try_collect().await;
            let members = okta.groups().members("00g1").map_ok(|user| user.id).take(1001).try_collect().await;
            [count(ids), count(members)]
        }
    }
}

#[tokio::test]
async fn full_page_without_links_is_rejected() {
    for (at, full) in [("/api/v1/users", 200), ("/api/v1/groups", 200), ("/api/v1/groups/00g1/users", 1000)] {
        for link in [None, Some("rel=\"preload\"")] {
            for result in listed(at, full, link).await {
                let error = result.unwrap_err();
                assert!(matches!(&error, Error::NoLinks { path } if path == at), "{error:?}");
                assert!(error.is_transient() && error.remedy() == Some(Remedy::CheckGateway));
            }
            let [short, _] = listed(at, full - 1, link).await;
            assert_eq!(short.unwrap(), full - 1, "{at}");
        }
        // As Okta ends a listing.
        for result in listed(at, full, Some("rel=\"self\"")).await {
            assert_eq!(result.unwrap(), full, "{at}");
        }
    }
}

#[tokio::test]
async fn foreign_next_link_is_requested_locally() {
    let elsewhere = MockServer::start().await;
    let port = |uri: &str| uri.rsplit(':').next().unwrap().to_owned();
    let server = server().await;
    let (home, other_port) = (port(&server.uri()), port(&elsewhere.uri()));
    let at = "/api/v1/groups/00g1/users";
    for (n, origin) in [
        format!("http://127.0.0.1:{other_port}"),
        format!("http://localhost:{home}"),
        format!("//127.0.0.1:{other_port}"),
        format!("https://127.0.0.1:{home}"),
        "https://127.0.0.1:443".into(),
        "https://example-admin.okta.com".into(),
        format!("http://me:s3cret@127.0.0.1:{other_port}"),
    ]
    .iter()
    .enumerate()
    {
        server.reset().await;
        tokens(&server, str::to_owned).await;
        let last = Mock::given(path(at)).and(query_param("after", format!("a{n}")));
        last.respond_with(ok(json!([user(2)]))).expect(1).mount(&server).await;
        let link = format!("<{origin}{at}?after=a{n}&limit=1000>; rel=\"next\"");
        answer(&server, at, ok(json!([user(1)])).append_header("link", link)).await;
        let okta = client(&server);
        let members: Vec<String> = okta.groups().member_ids("00g1").try_collect().await.unwrap();
        assert_eq!(members, ["00u1", "00u2"], "{origin}");
        let named = okta.other_origins();
        assert!(named.len() <= 1 && !named.iter().any(|origin| origin.contains("s3cret")), "{named:?}");
        assert_eq!(named.is_empty(), origin.is_empty(), "{origin}: {named:?}");
    }
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn next_link_to_other_path_fails() {
    let server = server().await;
    for (n, target) in [
        "/api/v1/users?after=a".to_owned(),
        format!("{}/api/v1/apps?after=a", server.uri()),
        "/".into(),
        "http://[".into(),
        "file:///etc/passwd".into(),
        "ftp://127.0.0.1/api/v1/groups/00g5/users".to_owned(),
    ]
    .iter()
    .enumerate()
    {
        let at = format!("/api/v1/groups/00g{n}/users");
        let page = ok(json!([user(1)])).append_header("link", format!("<{target}>; rel=\"next\""));
        answer(&server, &at, page).await;
        let result: Result<Vec<_>, _> =
            client(&server).groups().members(&format!("00g{n}")).try_collect().await;
        assert!(matches!(&result, Err(Error::OtherListing { .. })), "{target}: {result:?}");
        assert_eq!(sent(&server, &at).await.len(), 1, "{target}");
    }
    assert!(sent(&server, "/api/v1/users").await.is_empty());
    let link = ok(json!([])).append_header("link", "</api/v1/apps?after=x>; rel=\"next\"");
    answer(&server, "/api/v1/users", link).await;
    let error = client(&server).users().page(&UserQuery::default()).await.unwrap_err();
    assert!(error.to_string().contains("/api/v1/apps, which isn't the same listing"), "{error}");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn relative_next_link_is_followed() {
    let server = server().await;
    Mock::given(path("/api/v1/users"))
        .and(query_param("after", "a"))
        .respond_with(ok(json!([user(2)])))
        .mount(&server)
        .await;
    let page = ok(json!([user(1)])).append_header("link", "</api/v1/users?after=a>; rel=\"next\"");
    answer(&server, "/api/v1/users", page).await;
    let users: Vec<_> = client(&server).users().list(&UserQuery::default()).try_collect().await.unwrap();
    assert_eq!(users.len(), 2);
}
