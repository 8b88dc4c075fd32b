//! What an account does beside the import.

use serde_json::{Value, json};

use crate::env::{TestEnv, read};

async fn filled(count: usize) -> TestEnv {
    let env = TestEnv::new().await.mapped().await;
    let groups: Value =
        (0..count).map(|n| json!({"id": format!("g{n}"), "name": format!("Group {n}")})).collect();
    let users = json!([{"id": "u1", "login": "a@example.com", "status": "Here", "groups": ["g0"]}]);
    env.run(json!({"groups": groups, "users": users})).await;
    env
}

async fn attribute(env: &TestEnv, name: &str) -> Value {
    let all = env.account("GET", "/objecttype/102/attributes", &Value::Null).await.json();
    all.as_array().unwrap().iter().find(|a| a["name"] == name).unwrap().clone()
}

async fn found(env: &TestEnv, query: &str) -> Value {
    env.account("POST", "/object/aql", &json!({"qlQuery": query})).await.json()["values"][0].clone()
}

fn values(attribute: &Value, values: &[&str]) -> Value {
    let values: Vec<Value> = values.iter().map(|v| json!({"value": v})).collect();
    json!({"attributes": [{"objectTypeAttributeId": attribute["id"], "objectAttributeValues": values}]})
}

#[tokio::test]
async fn each_credential_reaches_only_its_api() {
    let env = TestEnv::new().await;
    let site = env.ready("/insight/site_url");
    let dead = json!({"code": 401, "message": "Unauthorized"});
    let info = format!("{site}/jsm/assets/v1/imports/info");
    for request in [
        env.http.get(&info).bearer_auth("ATCTT3xwrong"),
        env.http.get(env.workspace("/usage")).basic_auth("admin@sandbox.example", Some("wrong")),
        env.http.get(env.workspace("/usage")),
        env.http.get(env.workspace("/usage")).bearer_auth(env.ready("/insight/oauth_token")),
    ] {
        let refused = read(request).await.unwrap();
        assert_eq!((refused.status, refused.json()), (401, dead.clone()));
    }
    let with_token = env.http.get(env.workspace("/usage")).bearer_auth(env.ready("/insight/import_token"));
    assert_eq!(read(with_token).await.unwrap().status, 403, "the import token is good for its source only");
    let cloud = env.ready("/insight/cloud_id");
    let oauth = env.workspace("/usage").replace("/jsm/", &format!("/ex/jira/{cloud}/jsm/"));
    let oauth = env.http.get(oauth).bearer_auth(env.ready("/insight/oauth_token"));
    assert_eq!(read(oauth).await.unwrap().status, 200);
    let workspace = env.http.get(format!("{site}/rest/servicedeskapi/assets/workspace"));
    let workspace = workspace.basic_auth(env.ready("/insight/email"), Some(env.ready("/insight/api_token")));
    assert!(read(workspace).await.unwrap().json()["values"][0]["workspaceId"].is_string());
}

#[tokio::test]
async fn search_reports_is_last_as_string() {
    let env = filled(5).await;
    let query = json!({"qlQuery": "objectType = \"Group\""});
    let page = |start: usize| format!("/object/aql?startAt={start}&maxResults=3&includeAttributes=true");
    let first = env.account("POST", &page(0), &query).await.json();
    assert_eq!((&first["isLast"], first["values"].as_array().unwrap().len()), (&json!("false"), 3));
    let second = env.account("POST", &page(3), &query).await.json();
    assert_eq!((&second["isLast"], second["values"].as_array().unwrap().len()), (&json!("true"), 2));
    let count = env.account("POST", "/object/aql/totalcount", &query).await.json();
    assert_eq!(count["totalCount"], 5);
    assert_eq!(env.account("POST", "/object/aql", &json!({"qlQuery": "Name ="})).await.status, 400);
}

#[tokio::test]
async fn only_multivalued_types_accept_unlimited_cardinality() {
    let env = filled(1).await;
    let many = json!({"maximumCardinality": -1});
    for (name, status) in [("Groups", 200), ("Size", 200), ("Title", 400), ("Age", 400)] {
        let id = attribute(&env, name).await["id"].as_str().unwrap().to_owned();
        let answer = env.account("PUT", &format!("/objecttypeattribute/102/{id}"), &many).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
    }
    assert_eq!(attribute(&env, "Size").await["maximumCardinality"], -1);
}

#[tokio::test]
async fn partial_attribute_update_can_be_rejected() {
    let env = filled(1).await;
    env.control("PUT", "/insight/settings", json!({"refuseBareAttributeBody": true})).await;
    let present = attribute(&env, "Groups").await;
    let path = format!("/objecttypeattribute/102/{}", present["id"].as_str().unwrap());
    let bare = env.account("PUT", &path, &json!({"maximumCardinality": 1})).await;
    assert!(bare.status == 400 && bare.json()["errors"].is_object(), "{}", bare.text);
    let mut whole = present.clone();
    whole["maximumCardinality"] = 1.into();
    assert_eq!(env.account("PUT", &path, &whole).await.json()["maximumCardinality"], 1);
    whole["typeValue"] = "102".into();
    assert_eq!(env.account("PUT", &path, &whole).await.status, 400, "a reference keeps its target");
}

#[tokio::test]
async fn attribute_rename_rejects_taken_name() {
    let env = filled(1).await;
    let id = attribute(&env, "Title").await["id"].as_str().unwrap().to_owned();
    let path = format!("/objecttypeattribute/102/{id}");
    assert_eq!(env.account("PUT", &path, &json!({"name": "Rank"})).await.json()["name"], "Rank");
    assert_eq!(env.account("PUT", &path, &json!({"name": "login"})).await.status, 400);
}

#[tokio::test]
async fn references_need_keys_statuses_need_ids() {
    let env = filled(2).await;
    let user = found(&env, "objectType = \"User\"").await;
    let group = found(&env, "\"Group ID\" = \"g1\"").await;
    let path = format!("/object/{}", user["id"].as_str().unwrap());
    let (groups, state) = (attribute(&env, "Groups").await, attribute(&env, "State").await);
    let by_id = env.account("PUT", &path, &values(&groups, &[group["id"].as_str().unwrap()])).await;
    assert_eq!(by_id.status, 400, "an id is no key");
    let own = env.account("PUT", &path, &values(&groups, &[user["objectKey"].as_str().unwrap()])).await;
    assert_eq!(own.status, 400, "a user is no group");
    let by_key = env.account("PUT", &path, &values(&groups, &[group["objectKey"].as_str().unwrap()])).await;
    assert_eq!(by_key.status, 200, "{}", by_key.text);
    let statuses = env.account("GET", "/config/statustype", &Value::Null).await.json();
    let gone = statuses.as_array().unwrap().iter().find(|s| s["name"] == "Gone").unwrap();
    assert_eq!(env.account("PUT", &path, &values(&state, &["Gone"])).await.status, 400, "a name is no id");
    let by_id = env.account("PUT", &path, &values(&state, &[gone["id"].as_str().unwrap()])).await;
    assert_eq!(by_id.status, 200, "{}", by_id.text);
    let object = env.objects("user").await[0].clone();
    assert_eq!(object["references"]["t/user/groups"], json!(["g1"]));
    assert_eq!(object["attributes"]["t/user/status"], json!(["Gone"]));
    env.account("PUT", &path, &values(&groups, &[])).await;
    assert_eq!(env.objects("user").await[0]["references"]["t/user/groups"], json!([]));
}

#[tokio::test]
async fn deleting_object_removes_references_to_it() {
    let env = filled(1).await;
    let group = found(&env, "objectType = \"Group\"").await;
    let path = format!("/object/{}", group["id"].as_str().unwrap());
    assert_eq!(env.account("GET", &path, &Value::Null).await.json()["label"], "Group 0");
    assert_eq!(env.account("DELETE", &path, &Value::Null).await.status, 200);
    assert_eq!(env.account("GET", &path, &Value::Null).await.status, 404);
    assert_eq!(env.objects("user").await[0]["references"]["t/user/groups"], json!([]));
    let mut new = values(&json!({"id": "1001"}), &["By hand"]);
    assert_eq!(env.account("POST", "/object/create", &new).await.status, 400, "no type");
    new["objectTypeId"] = "101".into();
    let made = env.account("POST", "/object/create", &new).await;
    assert_eq!((made.status, &made.json()["label"]), (201, &json!("By hand")));
    assert_eq!(env.account("GET", "/usage", &Value::Null).await.json()["totalObjectsCount"], 2);
}

#[tokio::test]
async fn import_source_settings_are_readable() {
    let env = filled(1).await;
    env.control("PUT", "/insight/settings", json!({"ignoreEmptyValues": true, "removeMissingObjects": true}))
        .await;
    let source = env.import("GET", "", &Value::Null).await.json();
    let entry = &source["importSourceOTEntries"][0];
    assert_eq!((&entry["emptyValues"], &entry["missingObjects"]), (&json!("IGNORE"), &json!("REMOVE")));
}

#[tokio::test]
async fn control_api_edits_attributes_and_objects() {
    let env = filled(1).await;
    let added = env.control("POST", "/insight/attributes", json!({"type": "User", "name": "Room"})).await;
    assert!(added["externalId"].as_str().unwrap().starts_with("cmdb::externalId/"));
    let renamed = json!({"type": "User", "name": "Title", "newName": "Rank"});
    env.control("PUT", "/insight/attributes", renamed).await;
    env.control("DELETE", "/insight/attributes", json!({"type": "/type/user", "name": "Age"})).await;
    let shown = env.import("GET", "/schema-and-mapping", &Value::Null).await.json();
    let user = shown["schema"]["objectSchema"]["objectTypes"][1]["attributes"].to_string();
    assert!(user.contains("\"Room\"") && user.contains("\"Rank\"") && !user.contains("t/user/age"), "{user}");
    assert!(shown["mapping"].to_string().contains("t/user/age"), "the mapping still names it");
    let id = env.objects("user").await[0]["id"].clone();
    env.control("POST", &format!("/insight/objects/{id}"), json!({"Room": "12b"})).await;
    assert!(env.objects("user").await[0]["attributes"].to_string().contains("12b"));
    let status = env.run(json!({"users": [{"id": "u1", "login": "a@example.com", "age": 7}]})).await;
    assert_eq!(status["progressResult"]["result"], "OK", "what is mapped to nothing goes nowhere");
    env.control("DELETE", &format!("/insight/objects/{id}"), Value::Null).await;
    assert!(env.objects("user").await.is_empty());
    assert!(env.account("GET", "/objecttype/102/attributes", &Value::Null).await.text.contains("Room"));
}
