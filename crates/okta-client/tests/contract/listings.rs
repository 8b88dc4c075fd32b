//! Listings: paging, laziness, what is asked for.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use okta_client::{Error, GroupQuery, Remedy, SortOrder, UserQuery};
use serde_json::{Value, json};
use wiremock::matchers::{path, query_param};
use wiremock::{Mock, Request, ResponseTemplate};

use super::support::*;

#[tokio::test]
async fn listing_continues_after_token_renewal() {
    let server = server().await;
    let next = |after: &str| format!("<{}/api/v1/users?after={after}>; rel=\"next\"", server.uri());
    let own = format!("<{}/api/v1/users>; rel=\"self\"", server.uri());
    let page = |users: Value| ResponseTemplate::new(200).set_body_json(users);
    Mock::given(path("/api/v1/users"))
        .and(query_param("limit", "200"))
        .respond_with(
            page(json!([user(1), user(2)]))
                .append_header("link", own.clone())
                .append_header("link", next("a")),
        )
        .mount(&server)
        .await;
    // The token dies here; the listing goes on with a new one.
    Mock::given(path("/api/v1/users"))
        .and(query_param("after", "a"))
        .respond_with(ResponseTemplate::new(401))
        .up_to_n_times(1)
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/users"))
        .and(query_param("after", "a"))
        .respond_with(page(json!([])).append_header("link", format!("{own}, {}", next("b"))))
        .mount(&server)
        .await;
    Mock::given(path("/api/v1/users"))
        .and(query_param("after", "b"))
        .respond_with(page(json!([user(3)])))
        .mount(&server)
        .await;
    let users: Vec<_> = client(&server).users().list(&UserQuery::default()).try_collect().await.unwrap();
    assert_eq!(users.iter().map(|u| u.id.as_str()).collect::<Vec<_>>(), ["00u1", "00u2", "00u3"]);
    let calls = sent(&server, "/api/v1/users").await;
    let proofs: HashSet<_> = calls.iter().map(|c| claims(header(c, "dpop"))["jti"].clone()).collect();
    assert_eq!(proofs.len(), calls.len(), "a fresh proof for every attempt");
    assert!(calls.iter().all(|c| !claims(header(c, "dpop"))["htu"].as_str().unwrap().contains('?')));
    assert_eq!(header(calls.last().unwrap(), "authorization"), "DPoP token-2");
    assert!(calls.iter().all(|c| header(c, "content-type").contains("okta-response=")), "on every page");
}

#[tokio::test]
async fn expiring_token_is_renewed_between_pages() {
    let server = server().await;
    for n in 0..3 {
        let page = ok(json!([user(n)]));
        let next = format!("</api/v1/users?after={}>; rel=\"next\"", n + 1);
        let page = if n < 2 { page.append_header("link", next) } else { page };
        answer_once(&server, "/api/v1/users", page).await;
    }
    let mut users = Box::pin(client(&server).users().list(&UserQuery::default()));
    for n in 0..3 {
        assert_eq!(users.next().await.unwrap().unwrap().id, format!("00u{n}"));
        tokio::time::pause();
        tokio::time::advance(Duration::from_mins(57)).await;
        tokio::time::resume();
    }
    assert!(users.next().await.is_none());
    let tokens: Vec<_> =
        sent(&server, "/api/v1/users").await.iter().map(|c| header(c, "authorization").to_owned()).collect();
    assert_eq!(tokens, ["DPoP token-1", "DPoP token-2", "DPoP token-3"]);
}

#[tokio::test]
async fn circular_pages_are_an_error() {
    for length in [1, 2, 7] {
        let server = server().await;
        for n in 0..length {
            let next = format!("</api/v1/users?after={}>; rel=\"next\"", (n + 1) % length);
            Mock::given(path("/api/v1/users"))
                .and(query_param("after", n.to_string()))
                .respond_with(ok(json!([])).append_header("link", next))
                .mount(&server)
                .await;
        }
        let first = ok(json!([user(1)])).append_header("link", "</api/v1/users?after=0>; rel=\"next\"");
        answer(&server, "/api/v1/users", first).await;
        let items: Vec<_> = client(&server).users().list(&UserQuery::default()).collect().await;
        assert!(matches!(items.as_slice(), [Ok(_), Err(Error::CircularPages { .. })]), "{items:?}");
        assert!(sent(&server, "/api/v1/users").await.len() <= 4 * length + 2);
    }
}

#[tokio::test]
async fn endless_empty_pages_are_an_error() {
    let server = server().await;
    let count = AtomicUsize::new(0);
    Mock::given(path("/api/v1/users"))
        .respond_with(move |_: &Request| {
            let n = count.fetch_add(1, Ordering::SeqCst);
            let page = if n == 0 { json!([user(1)]) } else { json!([]) };
            ok(page).append_header("link", format!("</api/v1/users?after={n}>; rel=\"next\""))
        })
        .mount(&server)
        .await;
    let items: Vec<_> = client(&server).users().list(&UserQuery::default()).take(5).collect().await;
    assert!(matches!(items.as_slice(), [Ok(_), Err(Error::CircularPages { .. })]), "{items:?}");
}

#[tokio::test]
async fn unreadable_item_keeps_the_other_users() {
    let server = server().await;
    let odd = |id: &str, member: &str, value: Value| {
        let mut user = json!({"id": id, "status": "ACTIVE", "profile": {"login": "odd@example.com"}});
        user[member] = value;
        user
    };
    let first = json!([
        odd("00u1", "status", Value::Null),
        user(2),
        Value::Null,
        odd("00u3", "lastLogin", json!("")),
        odd("00u4", "type", json!({})),
        odd("00u5", "activated", json!("Mon Jan 05 10:15:30 UTC 2026"))
    ]);
    let first = ok(first).append_header("link", "</api/v1/users?after=a>; rel=\"next\"");
    answer_once(&server, "/api/v1/users", first).await;
    answer(&server, "/api/v1/users", ok(json!([odd("00u6", "profile", json!("x")), user(7)]))).await;
    let okta = client(&server);
    let items: Vec<_> = okta.users().list(&UserQuery::default()).collect().await;
    let ids: Vec<&str> = items.iter().flatten().map(|user| user.id.as_str()).collect();
    assert_eq!(ids, ["00u2", "00u3", "00u4", "00u5", "00u7"]);
    let odd: Vec<String> =
        items.iter().filter_map(|item| item.as_ref().err()).map(ToString::to_string).collect();
    let prefix = "could not decode an item in the response to /api/v1/users: ";
    assert_eq!(
        odd,
        [
            format!("{prefix}00u1 has null in the field status"),
            format!("{prefix}the item at position 3 is null instead of an object"),
            format!("{prefix}00u6 has text in the field profile"),
        ]
    );
    let page = okta.users().page(&UserQuery::default()).await.unwrap();
    assert_eq!((page.items.len(), page.unreadable[0].id.as_deref()), (1, Some("00u6")));
}

#[tokio::test]
async fn unreadable_group_is_named_and_skipped() {
    let server = server().await;
    let good = json!({"id": "00g2", "type": "OKTA_GROUP", "profile": {"name": "b"}, "objectClass": "okta:user_group",
        "lastMembershipUpdated": ""});
    answer(&server, "/api/v1/groups", ok(json!([{"id": "00g1", "profile": {"name": "a"}}, good]))).await;
    let page = client(&server).groups().page(&GroupQuery::default()).await.unwrap();
    assert_eq!(page.items[0].id, "00g2");
    assert_eq!(page.unreadable[0].to_string(), "00g1 has nothing in the field type");
}

#[tokio::test]
async fn non_list_response_is_an_error() {
    let server = server().await;
    for (n, (body, well_formed)) in [
        ("", false),
        ("[{\"id\": \"00u1\"}, {\"id\": \"00", false),
        ("<html>404</html>", false),
        ("{\"id\": \"00u1\"}", true),
        ("null", true),
    ]
    .into_iter()
    .enumerate()
    {
        let body = ResponseTemplate::new(200).set_body_string(body);
        answer(&server, &format!("/api/v1/groups/00g{n}/users"), body).await;
        let members: Vec<_> = client(&server).groups().member_ids(&format!("00g{n}")).collect().await;
        let [Err(error @ Error::Decode { well_formed: is, .. })] = members.as_slice() else {
            panic!("{members:?}")
        };
        assert_eq!((*is, error.is_transient()), (well_formed, !well_formed), "{n}");
        assert_eq!(error.remedy() == Some(Remedy::CheckGateway), !well_formed, "{n}");
    }
}

#[tokio::test]
async fn pages_are_requested_lazily() {
    let server = server().await;
    let next = format!("<{}/api/v1/users?after=a>; rel=\"next\"", server.uri());
    answer(&server, "/api/v1/users", ok(json!([user(1), user(2)])).append_header("link", next)).await;
    let users = client(&server).users().list(&UserQuery::default());
    assert!(sent(&server, "/api/v1/users").await.is_empty());
    assert_eq!(users.take(2).count().await, 2);
    assert_eq!(sent(&server, "/api/v1/users").await.len(), 1);
}

#[tokio::test]
async fn list_all_returns_deactivated_users_last() {
    let server = server().await;
    Mock::given(path("/api/v1/users"))
        .and(query_param("filter", "status eq \"DEPROVISIONED\""))
        .respond_with(ok(json!([user(2)])))
        .expect(1)
        .mount(&server)
        .await;
    answer(&server, "/api/v1/users", ok(json!([user(1)]))).await;
    let users: Vec<_> = client(&server).users().list_all().try_collect().await.unwrap();
    assert_eq!(users.iter().map(|u| u.id.as_str()).collect::<Vec<_>>(), ["00u1", "00u2"]);
    for call in sent(&server, "/api/v1/users").await {
        assert!(
            header(&call, "content-type").contains("okta-response=\"omitCredentials,"),
            "the lean answer"
        );
    }
}

#[tokio::test]
async fn queries_are_sent_as_parameters() {
    let server = server().await;
    for at in ["/api/v1/users", "/api/v1/groups", "/api/v1/groups/00g1/users"] {
        answer(&server, at, ok(json!([]))).await;
    }
    let okta = client(&server);
    let mut asked = Vec::new();
    let users = UserQuery {
        filter: Some("status eq \"ACTIVE\"".into()),
        fields: vec!["profile.city".into(), "lastUpdated".into()],
        limit: Some(50),
        ..UserQuery::default()
    };
    let sorted = UserQuery {
        sort: Some(("profile.lastName".into(), SortOrder::Descending)),
        ..UserQuery::search("profile.city eq \"Köln & more\"")
    };
    for query in [users, sorted, UserQuery::default()] {
        let _: Vec<_> = okta.users().list(&query).try_collect().await.unwrap();
        asked.push(sent(&server, "/api/v1/users").await.pop().unwrap());
    }
    let groups = GroupQuery {
        sort: Some(("lastUpdated".into(), SortOrder::Ascending)),
        stats: true,
        ..GroupQuery::filter("type eq \"OKTA_GROUP\"")
    };
    let _: Vec<_> = okta.groups().list(&groups).try_collect().await.unwrap();
    asked.push(sent(&server, "/api/v1/groups").await.pop().unwrap());
    let _: Vec<_> = okta.groups().members("00g1").try_collect().await.unwrap();
    let _: Vec<_> = okta.groups().member_ids("00g1").try_collect().await.unwrap();
    asked.extend(sent(&server, "/api/v1/groups/00g1/users").await);
    let lines = asked.iter().map(|request| {
        let pairs: Vec<_> = query(request).iter().map(|(name, value)| format!("{name} = {value}")).collect();
        format!("{}\n  {}", request.url.path(), pairs.join("\n  "))
    });
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"));
}

#[tokio::test]
async fn non_list_page_ends_the_stream() {
    let server = server().await;
    answer(&server, "/api/v1/groups", ok(json!({"id": "00g1"}))).await;
    let mut groups = Box::pin(client(&server).groups().list(&GroupQuery::default()));
    assert!(matches!(groups.next().await, Some(Err(Error::Decode { expected: "a page of groups", .. }))));
    assert!(groups.next().await.is_none());
}

#[tokio::test]
async fn page_cursor_resumes_only_its_listing() {
    let server = server().await;
    for resource in ["users", "groups"] {
        let at = format!("/api/v1/{resource}");
        let next = format!("<{}{at}?after=a>; rel=\"next\"", server.uri());
        let item = if resource == "users" {
            user(1)
        } else {
            json!({"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "a"}})
        };
        let first = ResponseTemplate::new(200).set_body_json(json!([item])).append_header("link", next);
        Mock::given(path(at.clone()))
            .and(query_param("limit", "200"))
            .respond_with(first)
            .mount(&server)
            .await;
        let last = ResponseTemplate::new(200).set_body_json(json!([item]));
        Mock::given(path(at)).and(query_param("after", "a")).respond_with(last).mount(&server).await;
    }
    let okta = client(&server);
    let cursor = okta.users().page(&UserQuery::default()).await.unwrap().next.unwrap().to_string();
    let last = okta.users().page_at(&cursor.parse().unwrap()).await.unwrap();
    assert_eq!((last.items.len(), last.next), (1, None));
    let groups = okta.groups().page(&GroupQuery::default()).await.unwrap();
    assert_eq!(okta.groups().page_at(&groups.next.unwrap()).await.unwrap().items.len(), 1);

    let before = server.received_requests().await.unwrap().len();
    for foreign in [
        "https://evil.example/api/v1/users?after=a".to_owned(),
        format!("{}/api/v1/groups?after=a", server.uri()),
    ] {
        let error = okta.users().page_at(&foreign.parse().unwrap()).await.unwrap_err();
        assert!(matches!(error, Error::InvalidCheckpoint(_)), "{error:?}");
    }
    assert_eq!(server.received_requests().await.unwrap().len(), before, "nothing was sent");
    assert!("nonsense".parse::<okta_client::PageCursor>().is_err());
}
