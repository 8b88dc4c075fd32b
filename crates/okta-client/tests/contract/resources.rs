//! Users, groups, types and schemas.

use futures::TryStreamExt;
use okta_client::model::{Group, GroupType, UserStatus};
use okta_client::{Error, GroupQuery, OktaApi, Remedy, UserQuery};
use serde_json::json;
use wiremock::ResponseTemplate;

use super::support::*;

#[tokio::test]
async fn invalid_ids_are_not_sent() {
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
async fn response_for_other_object_is_rejected() {
    let server = server().await;
    let channel = json!({"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://h.example.com"}});
    let other = json!({"id": "00u2", "status": "ACTIVE", "profile": {"login": "Ada.L@example.com"}, "name": "n",
        "events": {"type": "EVENT_TYPE", "items": []}, "channel": channel});
    for at in ["users/00u1", "users/ada", "eventHooks/who1", "meta/types/user/oty1"] {
        answer(&server, &format!("/api/v1/{at}"), ResponseTemplate::new(200).set_body_json(&other)).await;
    }
    let group = json!({"id": "00u2", "type": "OKTA_GROUP", "profile": {"name": "n"}});
    answer(&server, "/api/v1/groups/00g1", ResponseTemplate::new(200).set_body_json(group)).await;
    let okta = client(&server);
    let (user, name) = (okta.users().find("00u1").await, okta.users().find("ada").await);
    let (group, hook) = (okta.groups().find("00g1").await, okta.event_hooks().get("who1").await);
    let user_type = okta.user_types().get("oty1").await;
    let errors =
        [user.unwrap_err(), name.unwrap_err(), group.unwrap_err(), hook.unwrap_err(), user_type.unwrap_err()];
    for error in errors {
        assert!(matches!(&error, Error::OtherObject { answered, .. } if answered == "00u2"), "{error:?}");
        assert!(error.is_transient() && error.remedy() == Some(Remedy::CheckGateway));
    }
    // Asked for by login, it has another ID.
    let login = json!({"id": "00u3", "status": "ACTIVE", "profile": {"login": "Grace@example.com"}});
    answer(&server, "/api/v1/users/grace", ResponseTemplate::new(200).set_body_json(login)).await;
    assert_eq!(okta.users().get("grace").await.unwrap().id, "00u3");
}

#[tokio::test]
async fn typed_calls_cover_schemas_and_groups() {
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
async fn unknown_values_and_attributes_are_kept() {
    let server = server().await;
    let body = json!({"id": "00u1", "status": "HIBERNATING", "type": {"id": "oty1"}, "created": null,
        "lastUpdated": "2026-03-01T10:00:00.000Z", "surprise": [1],
        "profile": {"login": "ada@example.com", "firstName": "Ada", "email": null, "badge": 7, "tags": ["a", "b"]}});
    answer(&server, "/api/v1/users/00u1", ok(&body)).await;
    let user = client(&server).users().get("00u1").await.unwrap();
    assert_eq!(user.status, UserStatus::Other("HIBERNATING".into()));
    assert_eq!((user.profile.login(), user.profile.email()), (Some("ada@example.com"), None));
    assert_eq!(user.profile.get("badge"), Some(&json!(7)));
    let again = serde_json::to_value(&user).unwrap();
    assert_eq!(again["profile"], body["profile"]);
    assert_eq!(again["surprise"], body["surprise"]);
    assert!(!format!("{user:?}").contains("Ada"), "profile values stay out of logs");
}

#[tokio::test]
async fn group_exposes_type_count_and_source() {
    let server = server().await;
    let group = |kind: &str| {
        json!({"id": "00g1", "type": kind, "profile": {"name": "Eng"},
            "_embedded": {"stats": {"usersCount": 12}}})
    };
    answer(&server, "/api/v1/groups", ok(json!([group("APP_GROUP"), group("NEW_KIND")]))).await;
    let query = GroupQuery { stats: true, ..GroupQuery::default() };
    let groups: Vec<_> = client(&server).groups().list(&query).try_collect().await.unwrap();
    assert_eq!((&groups[0].kind, groups[0].users_count()), (&GroupType::AppGroup, Some(12)));
    assert_eq!(groups[1].kind, GroupType::Other("NEW_KIND".into()));
    let source = |group: serde_json::Value| {
        serde_json::from_value::<Group>(group).unwrap().source_app_id().map(str::to_owned)
    };
    let href = json!({"source": {"href": "https://o/api/v1/apps/0oa1"}});
    assert_eq!(source(json!({"id": "00g1", "type": "APP_GROUP", "_links": href})).as_deref(), Some("0oa1"));
    assert_eq!(
        source(json!({"id": "00g1", "type": "APP_GROUP", "source": {"id": "0oa2"}})).as_deref(),
        Some("0oa2")
    );
    assert_eq!(source(json!({"id": "00g1", "type": "OKTA_GROUP"})), None);
}

#[tokio::test]
async fn priority_client_shares_pacer_and_token() {
    let server = server().await;
    answer(&server, "/api/v1/users/00u1", ok(user(1))).await;
    answer(&server, "/api/v1/users", ok(json!([user(1)]))).await;
    let okta = client(&server);
    okta.high_priority().users().get("00u1").await.unwrap();
    let api: &dyn OktaApi = &okta;
    api.get_user("00u1").await.unwrap();
    let users: Vec<_> = api.list_users(&UserQuery::default()).try_collect().await.unwrap();
    assert_eq!(users.len(), 1);
    assert_eq!(okta.pacer().requests(), 3, "one pacer");
    assert_eq!(sent(&server, TOKEN).await.len(), 2, "one token");
}
