//! Each call and each rule of talking to Okta, against canned answers.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::TryStreamExt;
use okta_client::model::{Channel, EventSubscription, NewEventHook};
use okta_client::{Error, GroupQuery, OktaClient, PrivateKey, UserQuery};
use serde_json::{Value, json};
use wiremock::matchers::{method, path, query_param};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

fn client(server: &MockServer) -> OktaClient {
    let key = PrivateKey::generate_ec().unwrap();
    let builder = OktaClient::builder(server.uri()).service_app("0oaclient", key).scopes(["okta.users.read"]);
    builder.total_time(Duration::from_secs(20)).build().unwrap()
}

/// A server that gives out DPoP tokens, a new one each time, after asking for a nonce once.
async fn server() -> MockServer {
    let server = MockServer::start().await;
    let count = AtomicUsize::new(0);
    Mock::given(method("POST"))
        .and(path("/oauth2/v1/token"))
        .respond_with(move |request: &Request| {
            let proof = claims(header(request, "dpop"));
            if proof["nonce"] != "n1" {
                let body = json!({"error": "use_dpop_nonce", "error_description": "nonce wanted"});
                return ResponseTemplate::new(400).insert_header("dpop-nonce", "n1").set_body_json(body);
            }
            let n = count.fetch_add(1, Ordering::SeqCst) + 1;
            ResponseTemplate::new(200).insert_header("dpop-nonce", "n1").set_body_json(json!({
                "token_type": "DPoP", "expires_in": 3600, "access_token": format!("token-{n}"),
                "scope": "okta.users.read" }))
        })
        .mount(&server)
        .await;
    server
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or_default()
}

fn part(jwt: &str, at: usize) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(at).unwrap()).unwrap()).unwrap()
}

fn claims(jwt: &str) -> Value {
    part(jwt, 1)
}

fn user(n: usize) -> Value {
    json!({"id": format!("00u{n}"), "status": "ACTIVE", "profile": {"login": format!("u{n}@example.com")}})
}

async fn answer(server: &MockServer, at: &str, response: ResponseTemplate) {
    Mock::given(path(at)).respond_with(response).mount(server).await;
}

async fn sent(server: &MockServer, at: &str) -> Vec<Request> {
    server.received_requests().await.unwrap().into_iter().filter(|r| r.url.path() == at).collect()
}

#[tokio::test]
async fn the_first_token_request_already_carries_a_proof_and_the_second_everything_afresh() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    client(&server).users().get("00u1").await.unwrap();
    let tokens = sent(&server, "/oauth2/v1/token").await;
    assert_eq!(tokens.len(), 2);
    let mut used = HashSet::new();
    for request in &tokens {
        let form: std::collections::HashMap<_, _> =
            url::form_urlencoded::parse(&request.body).into_owned().collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!(form["scope"], "okta.users.read");
        let assertion = claims(&form["client_assertion"]);
        assert_eq!(assertion["aud"], format!("{}/oauth2/v1/token", server.uri()));
        assert_eq!((&assertion["iss"], &assertion["sub"]), (&json!("0oaclient"), &json!("0oaclient")));
        let proof = header(request, "dpop");
        let jwk = &part(proof, 0)["jwk"];
        assert!(jwk.get("d").is_none() && jwk["kty"] == "EC", "only the public half");
        assert_eq!(part(proof, 0)["typ"], "dpop+jwt");
        assert!(used.insert(assertion["jti"].clone()) && used.insert(claims(proof)["jti"].clone()));
    }
    let call = &sent(&server, "/api/v1/users/00u1").await[0];
    assert_eq!(header(call, "authorization"), "DPoP token-1");
    let proof = claims(header(call, "dpop"));
    assert_eq!(proof["htm"], "GET");
    assert!(proof["ath"].is_string() && proof["htu"].as_str().unwrap().ends_with("/api/v1/users/00u1"));
}

#[tokio::test]
async fn the_answer_decides_between_bearer_and_dpop() {
    let server = MockServer::start().await;
    let body = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": "t", "scope": ""});
    answer(&server, "/oauth2/v1/token", ResponseTemplate::new(200).set_body_json(body)).await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    client(&server).users().get("00u1").await.unwrap();
    let call = &sent(&server, "/api/v1/users/00u1").await[0];
    assert_eq!(header(call, "authorization"), "Bearer t");
    assert!(call.headers.get("dpop").is_none());
}

#[tokio::test]
async fn one_task_fetches_the_token_and_the_others_wait() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    let okta = client(&server);
    futures::future::try_join_all((0..20).map(|_| {
        let okta = okta.clone();
        async move { okta.users().get("00u1").await }
    }))
    .await
    .unwrap();
    assert_eq!(sent(&server, "/oauth2/v1/token").await.len(), 2, "one for the nonce, one for the token");
}

#[tokio::test]
async fn a_listing_follows_next_over_an_empty_page_and_a_renewed_token() {
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
}

#[tokio::test]
async fn a_next_link_to_another_origin_is_not_followed() {
    let server = server().await;
    let elsewhere = MockServer::start().await;
    let link = format!("<{}/api/v1/users?after=a>; rel=\"next\"", elsewhere.uri());
    let page = ResponseTemplate::new(200).set_body_json(json!([user(1)])).append_header("link", link);
    answer(&server, "/api/v1/users", page).await;
    let result: Result<Vec<_>, _> = client(&server).users().list(&UserQuery::default()).try_collect().await;
    assert!(matches!(result, Err(Error::ForeignOrigin { .. })), "{result:?}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn the_filter_is_sent_as_a_parameter() {
    let server = server().await;
    Mock::given(path("/api/v1/users"))
        .and(query_param("filter", "status eq \"DEPROVISIONED\""))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([])))
        .expect(1)
        .mount(&server)
        .await;
    let query = UserQuery::filter("status eq \"DEPROVISIONED\"");
    let users: Vec<_> = client(&server).users().list(&query).try_collect().await.unwrap();
    assert!(users.is_empty());
}

#[tokio::test]
async fn what_is_not_there_is_none_and_odd_ids_are_not_sent() {
    let server = server().await;
    let body = json!({"errorCode": "E0000007", "errorSummary": "Not found"});
    answer(&server, "/api/v1/users/00u9", ResponseTemplate::new(404).set_body_json(body)).await;
    let okta = client(&server);
    assert!(okta.users().find("00u9").await.unwrap().is_none());
    for odd in ["", "a/b", "ada@example.com", "..", "a?b"] {
        assert!(matches!(okta.users().get(odd).await, Err(Error::InvalidId(_))), "{odd}");
        let members: Result<Vec<_>, _> = okta.groups().member_ids(odd).try_collect().await;
        assert!(matches!(members, Err(Error::InvalidId(_))), "{odd}");
    }
}

#[tokio::test]
async fn a_server_in_trouble_is_asked_again_and_a_refusal_is_not() {
    let server = server().await;
    Mock::given(path("/api/v1/users/00u1"))
        .respond_with(ResponseTemplate::new(503))
        .up_to_n_times(2)
        .mount(&server)
        .await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_json(user(1))).await;
    let okta = client(&server);
    okta.users().get("00u1").await.unwrap();
    assert_eq!(sent(&server, "/api/v1/users/00u1").await.len(), 3);

    let refusal = json!({"errorCode": "E0000031", "errorSummary": "Invalid search criteria.",
        "errorCauses": [{"errorSummary": "no such attribute"}]});
    answer(&server, "/api/v1/groups", ResponseTemplate::new(400).set_body_json(refusal)).await;
    let result: Result<Vec<_>, _> = okta.groups().list(&GroupQuery::default()).try_collect().await;
    let Err(Error::Refused { code, summary, .. }) = &result else { panic!("{result:?}") };
    assert_eq!(
        (code.as_str(), summary.as_str()),
        ("E0000031", "Invalid search criteria.; no such attribute")
    );
    assert_eq!(sent(&server, "/api/v1/groups").await.len(), 1);
}

#[tokio::test]
async fn refusals_tell_scope_role_and_credentials_apart() {
    let server = server().await;
    let challenge = "DPoP error=\"insufficient_scope\", scope=\"okta.groups.read\"";
    let scope = ResponseTemplate::new(403).insert_header("www-authenticate", challenge);
    answer(&server, "/api/v1/groups/00g1", scope).await;
    let role = json!({"errorCode": "E0000006", "errorSummary": "no permission"});
    answer(&server, "/api/v1/groups/00g2", ResponseTemplate::new(403).set_body_json(role)).await;
    let challenge =
        "DPoP error=\"invalid_dpop_proof\", error_description=\"The DPoP proof JWT has already been used.\"";
    let empty = ResponseTemplate::new(400).insert_header("www-authenticate", challenge);
    answer(&server, "/api/v1/groups/00g3", empty).await;
    let okta = client(&server);
    let mut told = Vec::new();
    for id in ["00g1", "00g2", "00g3"] {
        let error = okta.groups().get(id).await.unwrap_err();
        told.push(format!("{error}\n  hint: {}", error.hint().unwrap_or_default()));
    }
    insta::assert_snapshot!(told.join("\n"));
}

#[tokio::test]
async fn a_refused_credential_is_told_in_okta_s_words_and_not_repeated() {
    let server = MockServer::start().await;
    let body = json!({"error": "invalid_client", "error_description": "The client ID is invalid."});
    answer(&server, "/oauth2/v1/token", ResponseTemplate::new(401).set_body_json(body)).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "Okta refused the app's credentials (invalid_client): The client ID is invalid."
    );
    assert_eq!(sent(&server, "/oauth2/v1/token").await.len(), 1);
}

#[tokio::test]
async fn the_admin_console_s_redirect_is_explained() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example/");
    answer(&server, "/oauth2/v1/token", redirect).await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert!(matches!(error, Error::Redirect { .. }) && error.hint().unwrap().contains("-admin"));
}

#[tokio::test]
async fn an_unreadable_answer_names_the_call_and_not_the_content() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ResponseTemplate::new(200).set_body_string("{\"id\": \"secret"))
        .await;
    let error = client(&server).users().get("00u1").await.unwrap_err();
    assert_eq!(error.to_string(), "could not read the answer to /api/v1/users/00u1 as a user");
    assert!(!std::error::Error::source(&error).unwrap().to_string().contains("secret"));
}

#[tokio::test]
async fn an_unreachable_org_is_named_with_the_reason() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let key = PrivateKey::generate_ec().unwrap();
    let okta =
        OktaClient::builder(format!("http://127.0.0.1:{port}")).service_app("0oa", key).build().unwrap();
    let error = okta.users().get("00u1").await.unwrap_err();
    assert!(
        error.to_string().starts_with(&format!("could not reach 127.0.0.1:{port}: Connection refused")),
        "{error}"
    );
    assert!(error.is_transient());
}

#[tokio::test]
async fn types_schemas_groups_and_members_are_typed_calls() {
    let server = server().await;
    let types = json!([
        {"id": "oty1", "name": "user", "displayName": "User", "default": true},
        {"id": "oty2", "name": "c", "_links": {"schema": {"href": "https://o/api/v1/meta/schemas/user/osc2"}}}]);
    answer(&server, "/api/v1/meta/types/user", ResponseTemplate::new(200).set_body_json(types)).await;
    let schema = json!({"name": "user", "definitions": {"base": {"properties": {"login": {"type": "string",
        "unique": "UNIQUE_VALIDATED"}}}, "custom": {"properties": {"n": {"type": "integer", "enum": [1, "2"]}}}}});
    for id in ["user/default", "user/osc2", "group/default"] {
        let response = ResponseTemplate::new(200).set_body_json(&schema);
        answer(&server, &format!("/api/v1/meta/schemas/{id}"), response).await;
    }
    let group = json!({"id": "00g1", "type": "BUILT_IN", "profile": {"name": "Everyone"}});
    for at in ["/api/v1/users/00u1/groups", "/api/v1/groups"] {
        answer(&server, at, ResponseTemplate::new(200).set_body_json(json!([group]))).await;
    }
    answer(&server, "/api/v1/groups/00g1/users", ResponseTemplate::new(200).set_body_json(json!([user(1)])))
        .await;

    let okta = client(&server);
    let types = okta.user_types().list().await.unwrap();
    for user_type in &types {
        let schema = okta.schemas().for_type(user_type).await.unwrap();
        let names: Vec<&str> = schema.properties().map(|(name, _)| name).collect();
        assert_eq!(names, ["login", "n"]);
        assert!(schema.base().properties["login"].is_unique());
    }
    assert_eq!(sent(&server, "/api/v1/meta/schemas/user/osc2").await.len(), 1);
    okta.schemas().group().await.unwrap();
    assert!(okta.users().groups("00u1").await.unwrap()[0].is_everyone());
    let members: Vec<String> = okta.groups().member_ids("00g1").try_collect().await.unwrap();
    assert_eq!(members, ["00u1"]);
    let groups: Vec<_> = okta.groups().list(&GroupQuery::default()).try_collect().await.unwrap();
    assert_eq!(groups.len(), 1);
}

#[tokio::test]
async fn event_hooks_are_created_listed_verified_and_their_secret_is_only_sent() {
    let server = server().await;
    let hook = json!({"id": "who1", "name": "Sync", "status": "ACTIVE", "verificationStatus": "UNVERIFIED",
        "events": {"type": "EVENT_TYPE", "items": ["user.lifecycle.create"]},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://a.example/h",
            "authScheme": {"type": "HEADER", "key": "authorization"}}}});
    Mock::given(method("POST"))
        .and(path("/api/v1/eventHooks"))
        .respond_with(ResponseTemplate::new(200).set_body_json(&hook))
        .mount(&server)
        .await;
    Mock::given(method("GET"))
        .and(path("/api/v1/eventHooks"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!([hook])))
        .mount(&server)
        .await;
    let mut verified = hook.clone();
    verified["verificationStatus"] = "VERIFIED".into();
    answer(
        &server,
        "/api/v1/eventHooks/who1/lifecycle/verify",
        ResponseTemplate::new(200).set_body_json(verified),
    )
    .await;

    let okta = client(&server);
    let new = NewEventHook {
        name: "Sync".into(),
        events: EventSubscription::new(["user.lifecycle.create"]),
        channel: Channel::http("https://a.example/h", "Bearer s3cret".into(), Vec::new()),
    };
    assert!(!format!("{new:?}").contains("s3cret"));
    let created = okta.event_hooks().create(&new).await.unwrap();
    assert!(created.is_active() && !created.is_verified());
    let body: Value = serde_json::from_slice(&sent(&server, "/api/v1/eventHooks").await[0].body).unwrap();
    assert_eq!(body["channel"]["config"]["authScheme"]["value"], "Bearer s3cret");
    assert_eq!(okta.event_hooks().list().await.unwrap().len(), 1);
    assert!(okta.event_hooks().verify("who1").await.unwrap().is_verified());
}
