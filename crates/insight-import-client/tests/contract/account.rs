//! What takes an account.

use futures::TryStreamExt;
use insight_import_client::account::{AttributeUpdate, EmptyValues, ObjectValues, aql_text};
use insight_import_client::{AssetsApi, AssetsClient, ConfigError, Error};
use serde_json::{Value, json};
use wiremock::matchers::{header, method, path, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::support::{answer, once, sent};

const BASE: &str = "/jsm/assets/workspace/w1/v1";

async fn site() -> MockServer {
    let server = MockServer::start().await;
    let workspaces =
        json!({"size": 1, "start": 0, "limit": 50, "isLastPage": true, "values": [{"workspaceId": "w1"}]});
    answer(&server, "GET", "/rest/servicedeskapi/assets/workspace", 200, workspaces).await;
    server
}

fn client(server: &MockServer) -> AssetsClient {
    let builder = AssetsClient::builder(server.uri()).api_token("ada@example.com", "t0ken".into());
    builder.api_url(server.uri()).build().unwrap()
}

#[tokio::test]
async fn workspace_is_discovered_once() {
    let server = MockServer::start().await;
    Mock::given(path("/rest/servicedeskapi/assets/workspace"))
        .and(header("authorization", "Basic YWRhQGV4YW1wbGUuY29tOnQwa2Vu"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"values": [{"workspaceId": "w1"}]})))
        .expect(1)
        .mount(&server)
        .await;
    let assets = client(&server);
    assert_eq!(assets.workspace_id().await.unwrap(), "w1");
    assert_eq!(assets.clone().workspace_id().await.unwrap(), "w1");
    assert!(!format!("{assets:?}").contains("YWRhQGV4YW1wbGUuY29tOnQwa2Vu"));
}

#[tokio::test]
async fn oauth_requests_use_the_gateway() {
    let server = MockServer::start().await;
    let workspaces = json!({"values": [{"workspaceId": "w1"}]});
    answer(&server, "GET", "/ex/jira/cloud/rest/servicedeskapi/assets/workspace", 200, workspaces).await;
    Mock::given(path(format!("/ex/jira/cloud{BASE}/usage")))
        .and(header("authorization", "Bearer acc3ss"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"totalObjectsCount": 12})))
        .mount(&server)
        .await;
    let builder = AssetsClient::builder("https://example.atlassian.net").oauth("cloud", "acc3ss".into());
    let assets = builder.api_url(server.uri()).build().unwrap();
    assert_eq!(assets.usage().await.unwrap().total_objects_count, 12);
}

#[tokio::test]
async fn a_site_without_assets_is_named() {
    let server = MockServer::start().await;
    once(
        &server,
        "GET",
        "/rest/servicedeskapi/assets/workspace",
        ResponseTemplate::new(200).set_body_json(json!({"values": []})),
    )
    .await;
    for _ in 0..2 {
        let error = client(&server).workspace_id().await.unwrap_err();
        assert!(matches!(&error, Error::NoWorkspace { site } if *site == server.uri()), "{error:?}");
    }
}

#[test]
fn settings_that_cannot_work_are_told() {
    let build = |email: &str, token: &str| {
        AssetsClient::builder("https://example.atlassian.net").api_token(email, token.into()).build()
    };
    assert!(matches!(build("ada", "t"), Err(ConfigError::Email(_))));
    assert!(matches!(build("ada@example.com", " "), Err(ConfigError::Token)));
    assert!(matches!(AssetsClient::builder("https://a.example").build(), Err(ConfigError::NoAccount)));
    assert!(matches!(
        AssetsClient::builder("http://a.example").api_token("a@b", "t".into()).build(),
        Err(ConfigError::ApiUrl { .. })
    ));
}

#[tokio::test]
async fn search_continues_until_is_last() {
    let server = site().await;
    let object = |n: u64| {
        json!({"id": n, "objectKey": format!("OKTA-{n}"), "label": "x", "objectType": {"id": "23", "name": "User"},
            "attributes": [{"objectTypeAttributeId": 135, "objectAttributeValues": [
                {"value": "a", "displayValue": "A"}, {"referencedObject": {"id": "9", "objectKey": "OKTA-9", "label": "g"}}]}]})
    };
    for (start, last, ids) in
        [("0", json!("false"), [1, 2]), ("2", json!(false), [3, 4]), ("4", json!("true"), [5, 6])]
    {
        let page = json!({"startAt": 0, "total": 2, "isLast": last, "values": ids.map(object)});
        Mock::given(method("POST"))
            .and(path(format!("{BASE}/object/aql")))
            .and(query_param("startAt", start))
            .and(query_param("includeAttributes", "true"))
            .respond_with(ResponseTemplate::new(200).set_body_json(page))
            .expect(1)
            .mount(&server)
            .await;
    }
    let assets = client(&server);
    let query = format!("objectType = {}", aql_text("Okta \"User\""));
    let found: Vec<_> = assets.search(&query).try_collect().await.unwrap();
    assert_eq!(found.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["1", "2", "3", "4", "5", "6"]);
    assert_eq!(found[0].values("135"), ["a", "OKTA-9"]);
    assert!(!format!("{:?}", found[0]).contains("label"));
    let body: Value =
        serde_json::from_slice(&sent(&server, &format!("{BASE}/object/aql")).await[0].body).unwrap();
    assert_eq!(body["qlQuery"], "objectType = \"Okta \\\"User\\\"\"");
}

#[tokio::test]
async fn query_error_quotes_assets_message() {
    let server = site().await;
    let body = json!({"errorMessages": ["AQL: no such attribute"], "errors": {}});
    answer(&server, "POST", &format!("{BASE}/object/aql"), 400, body).await;
    let result: Result<Vec<_>, _> = client(&server).search("Nonsense = 1").try_collect().await;
    assert_eq!(
        result.unwrap_err().to_string(),
        "Assets rejected the request with status 400 (a search): AQL: no such attribute"
    );
}

#[tokio::test]
async fn object_calls_cover_full_lifecycle() {
    let server = site().await;
    let object = json!({"id": "5", "objectKey": "OKTA-5", "label": "x"});
    answer(&server, "POST", &format!("{BASE}/object/aql/totalcount"), 200, json!({"totalCount": 7})).await;
    answer(&server, "GET", &format!("{BASE}/object/5"), 200, object.clone()).await;
    answer(
        &server,
        "GET",
        &format!("{BASE}/object/5/attributes"),
        200,
        json!([{"objectTypeAttributeId": "1"}]),
    )
    .await;
    answer(&server, "GET", &format!("{BASE}/object/5/history"), 200, json!([{"id": 1}])).await;
    answer(&server, "GET", &format!("{BASE}/object/5/referenceinfo"), 200, json!([])).await;
    answer(&server, "POST", &format!("{BASE}/object/create"), 201, object.clone()).await;
    answer(&server, "PUT", &format!("{BASE}/object/5"), 200, object).await;
    once(&server, "DELETE", &format!("{BASE}/object/5"), ResponseTemplate::new(200)).await;
    let assets = client(&server);
    assert_eq!(assets.count("objectType = x").await.unwrap(), 7);
    assert_eq!(assets.object("5").await.unwrap().object_key, "OKTA-5");
    assert_eq!(assets.object_attributes("5").await.unwrap().len(), 1);
    assert_eq!(assets.object_history("5").await.unwrap().len(), 1);
    assert!(assets.object_references("5").await.unwrap().is_empty());
    let values = ObjectValues::new().with("135", ["a", "b"]).with("136", Vec::<String>::new());
    assets.create_object("23", &values).await.unwrap();
    assets.update_object("5", "23", &values).await.unwrap();
    let body: Value =
        serde_json::from_slice(&sent(&server, &format!("{BASE}/object/create")).await[0].body).unwrap();
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(body) });
    assert!(assets.delete_object("5").await.unwrap());
    assert!(!assets.delete_object("5").await.unwrap(), "gone already");
    assert!(matches!(assets.object("6").await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn create_object_is_not_retried() {
    let server = site().await;
    answer(&server, "POST", &format!("{BASE}/object/create"), 502, Value::Null).await;
    let error = client(&server).create_object("23", &ObjectValues::new()).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }));
    assert_eq!(sent(&server, &format!("{BASE}/object/create")).await.len(), 1);
}

fn reference(maximum: i64) -> Value {
    json!({"id": "3", "name": "Groups", "type": 1, "typeValue": "8", "additionalValue": "2",
        "minimumCardinality": 0, "maximumCardinality": maximum, "referenceObjectTypeId": "8"})
}

#[tokio::test]
async fn schema_is_read_and_cardinality_raised() {
    let server = site().await;
    for (start, last, id) in [("0", "false", 7), ("1", "true", 8)] {
        let page =
            json!({"isLast": last, "values": [{"id": id, "name": format!("S{id}"), "objectCount": 3}]});
        Mock::given(path(format!("{BASE}/objectschema/list")))
            .and(query_param("startAt", start))
            .respond_with(ResponseTemplate::new(200).set_body_json(page))
            .mount(&server)
            .await;
    }
    let types = json!([{"id": "23", "name": "Okta User", "objectSchemaId": 7}]);
    answer(&server, "GET", &format!("{BASE}/objectschema/7/objecttypes/flat"), 200, types).await;
    let attributes = json!([{"id": 1, "name": "Login", "label": true, "type": 0, "defaultType": {"id": 0, "name": "Text"}},
        reference(1)]);
    answer(&server, "GET", &format!("{BASE}/objecttype/23/attributes"), 200, attributes.clone()).await;
    answer(&server, "GET", &format!("{BASE}/objectschema/7/attributes"), 200, attributes).await;
    let at = format!("{BASE}/objecttypeattribute/23/3");
    once(
        &server,
        "PUT",
        &at,
        ResponseTemplate::new(400).set_body_json(json!({"errors": {"typeValue": "needed"}})),
    )
    .await;
    answer(&server, "PUT", &at, 200, reference(-1)).await;

    let assets = client(&server);
    let schemas: Vec<_> = assets.object_schemas().try_collect().await.unwrap();
    assert_eq!(schemas.iter().map(|s| s.id.as_str()).collect::<Vec<_>>(), ["7", "8"]);
    assert_eq!(assets.object_types("7").await.unwrap()[0].object_schema_id, "7");
    assert_eq!(assets.schema_attributes("7").await.unwrap().len(), 2);
    let attributes = assets.attributes("23").await.unwrap();
    assert!(attributes[0].label && !attributes[1].is_unlimited());
    let api: &dyn AssetsApi = &assets;
    let changed = api.update_attribute("23", &attributes[1], &AttributeUpdate::unlimited()).await.unwrap();
    assert!(changed.is_unlimited());
    let bodies: Vec<Value> =
        sent(&server, &at).await.iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    insta::with_settings!({sort_maps => true}, { insta::assert_json_snapshot!(bodies) });
}

#[tokio::test]
async fn import_sources_tell_their_settings() {
    let server = site().await;
    let source = |entries: Value| {
        json!({"id": "i", "name": "Okta", "objectSchemaId": "7", "defaultHandleEmptyValues": "IGNORE",
            "tokenGenerated": true, "importSourceOTEntries": entries})
    };
    let entries = json!([{"objectTypeName": "Okta User", "emptyValues": "REMOVE", "unknownValues": "ADD",
        "missingObjects": "REMOVE"}]);
    answer(&server, "GET", &format!("{BASE}/importsource/i"), 200, source(entries)).await;
    answer(&server, "GET", &format!("{BASE}/importsource/objectschema/7"), 200, json!([source(json!([]))]))
        .await;
    answer(&server, "POST", &format!("{BASE}/importsource/i/token"), 200, json!({"token": "ATCTT3xnew"}))
        .await;
    let assets = client(&server);
    let source = assets.import_source("i").await.unwrap();
    assert_eq!(source.ignores_empty_values(), Some(false));
    assert_eq!(source.removes_missing_objects(), Some(true));
    assert_eq!(source.entries[0].empty_values, Some(EmptyValues::Remove));
    let sources = assets.import_sources("7").await.unwrap();
    assert_eq!((sources[0].ignores_empty_values(), sources[0].removes_missing_objects()), (Some(true), None));
    let token = assets.generate_import_token("i").await.unwrap();
    assert!(!format!("{token:?}").contains("ATCTT3xnew"));
}
