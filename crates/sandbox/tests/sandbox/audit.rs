//! The comparison of both sides, whatever shape memberships have.

use sandbox::{ControlClient, audit};
use serde_json::{Map, Value, json};

use crate::env::TestEnv;

/// Where memberships are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Shape {
    OnUser,
    OnGroup,
    Objects,
}

/// An attribute with its field; the locator is the external id without slashes.
struct Column {
    attribute: Value,
    field: Value,
}

fn column(kind: &str, end: &str, attribute_type: &str) -> Column {
    let id = format!("a/{kind}/{end}");
    let name = format!("{kind} {end}").replace('/', " ");
    let attribute = json!({ "externalId": id, "name": name, "description": "", "type": attribute_type,
        "label": end == "id", "unique": end == "id" });
    let mut field = json!({ "attributeExternalId": id, "attributeName": name, "attributeLocators": [end.replace('/', "_")] });
    if end == "id" {
        field["externalIdPart"] = true.into();
    }
    Column { attribute, field }
}

fn reference(kind: &str, end: &str, target: &str, many: bool) -> Column {
    let mut column = column(kind, end, "referenced_object");
    column.attribute["referenceObjectTypeExternalId"] = format!("a/type/{target}").into();
    column.attribute["maximumCardinality"] = if many { -1 } else { 1 }.into();
    column.field["objectMappingIQL"] = if many {
        format!("\"{target} id\" IN (${{{end}${{0}}}})")
    } else {
        format!("\"{target} id\" = ${{{end}}}")
    }
    .into();
    column
}

async fn document(env: &TestEnv, shape: Shape) -> Value {
    let schemas = env.control("GET", "/okta/schemas", Value::Null).await;
    let plain = |kind: &str, ends: &[&str]| -> Vec<Column> {
        let profile = schemas[kind].as_object().unwrap().keys().map(|name| format!("profile/{name}"));
        let profile = profile.map(|end| column(kind, &end, "textarea"));
        ends.iter().map(|end| column(kind, end, "text")).chain(profile).collect()
    };
    let mut group = plain("group", &["id", "status", "type", "created", "lastUpdated", "sourceApp"]);
    let mut user = plain("user", &["id", "status", "type", "created", "lastUpdated"]);
    user.push(reference("user", "manager", "user", false));
    let mut kinds = Vec::new();
    match shape {
        Shape::OnUser => user.push(reference("user", "groups", "group", true)),
        Shape::OnGroup => group.push(reference("group", "members", "user", true)),
        Shape::Objects => kinds.push((
            "membership",
            vec![
                column("membership", "id", "text"),
                column("membership", "status", "text"),
                reference("membership", "user", "user", false),
                reference("membership", "group", "group", false),
            ],
        )),
    }
    kinds.extend([("group", group), ("user", user)]);
    let (mut types, mut mappings) = (Vec::new(), Vec::new());
    for (kind, columns) in kinds {
        let (attributes, fields): (Vec<Value>, Vec<Value>) =
            columns.into_iter().map(|c| (c.attribute, c.field)).unzip();
        let id = format!("a/type/{kind}");
        types.push(json!({ "externalId": id, "name": kind, "description": "", "attributes": attributes }));
        mappings.push(
            json!({ "objectTypeExternalId": id, "objectTypeName": kind, "selector": format!("{kind}s"),
            "description": "", "attributesMapping": fields }),
        );
    }
    json!({ "schema": { "objectSchema": { "name": "Directory", "description": "", "objectTypes": types } },
        "mapping": { "objectTypeMappings": mappings } })
}

fn render(value: &Value) -> Value {
    match value {
        Value::Null => "".into(),
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ").into(),
        Value::String(text) => text.clone().into(),
        other => other.to_string().into(),
    }
}

fn record(object: &Value, status: &str, object_type: &Value) -> Map<String, Value> {
    let mut record = Map::new();
    for name in ["id", "created", "lastUpdated"] {
        record.insert(name.into(), object[name].clone());
    }
    record.insert("status".into(), status.into());
    record.insert("type".into(), object_type.clone());
    for (name, value) in object["profile"].as_object().unwrap() {
        record.insert(format!("profile_{name}"), render(value));
    }
    record
}

/// What an honest importer would send.
async fn data(env: &TestEnv, shape: Shape) -> Value {
    let users = env.control("GET", "/okta/users", Value::Null).await["users"].take();
    let groups = env.control("GET", "/okta/groups", Value::Null).await["groups"].take();
    let in_group =
        |user: &Value, group: &str| user["groupIds"].as_array().unwrap().iter().any(|g| g == group);
    let mut memberships = Vec::new();
    let mut group_records = Vec::new();
    for group in groups.as_array().unwrap() {
        let id = group["id"].as_str().unwrap();
        let members: Vec<&Value> =
            users.as_array().unwrap().iter().filter(|u| in_group(u, id)).map(|u| &u["id"]).collect();
        for user in &members {
            memberships.push(
                json!({"id": format!("{id}:{user}"), "status": "Okta Active", "user": user, "group": id}),
            );
        }
        let mut record = record(group, "Okta Active", &group["type"]);
        record.insert("sourceApp".into(), render(&group["source"]["id"]));
        record.insert("members".into(), json!(members));
        group_records.push(record);
    }
    let user_records: Vec<_> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| {
            let status = user["status"]
                .as_str()
                .unwrap()
                .split('_')
                .map(|word| format!("{}{}", &word[..1], word[1..].to_lowercase()));
            let status = format!("Okta {}", status.collect::<Vec<_>>().join(" "));
            let mut record = record(user, &status, &user["userTypeName"]);
            record.insert("groups".into(), user["groupIds"].clone());
            record.insert("manager".into(), render(&user["profile"]["managerId"]));
            record
        })
        .collect();
    let mut data = json!({ "groups": group_records, "users": user_records });
    if shape == Shape::Objects {
        data["memberships"] = memberships.into();
    }
    data
}

async fn compared(env: &TestEnv) -> audit::Comparison {
    audit::compare(&ControlClient::new(env.sandbox.control_url())).await.unwrap()
}

#[tokio::test]
async fn every_membership_shape_audits_in_sync() {
    for shape in [Shape::OnUser, Shape::OnGroup, Shape::Objects] {
        let env = TestEnv::new().await;
        let put = env.import("PUT", "/mapping", &document(&env, shape).await).await;
        assert_eq!(put.status, 204, "{}", put.text);
        env.run(data(&env, shape).await).await;
        let audit = compared(&env).await;
        assert!(audit.in_sync, "{shape:?}: {:?}", audit.differences);
        assert!(audit.okta.memberships > 0 && audit.okta == audit.insight, "{shape:?}: {audit:?}");
    }
}

#[tokio::test]
async fn membership_differences_appear_in_every_shape() {
    for shape in [Shape::OnUser, Shape::OnGroup, Shape::Objects] {
        let env = TestEnv::new().await;
        env.import("PUT", "/mapping", &document(&env, shape).await).await;
        env.run(data(&env, shape).await).await;
        let users = env.control("GET", "/okta/users", Value::Null).await;
        let group = env.groups().await[0].clone();
        let member = |user: &Value| user["groupIds"].as_array().unwrap().iter().any(|g| *g == group);
        let users = users["users"].as_array().unwrap();
        let (inside, outside) =
            (users.iter().find(|u| member(u)).unwrap(), users.iter().find(|u| !member(u)).unwrap());
        for (method, user) in [("DELETE", inside), ("PUT", outside)] {
            let path = format!("/okta/groups/{group}/users/{}", user["id"].as_str().unwrap());
            env.control(method, &path, Value::Null).await;
        }
        let audit = compared(&env).await;
        let lacking =
            |name: &str, what: &str| audit.differences.iter().any(|d| d.contains(name) && d.contains(what));
        assert!(
            lacking(inside["id"].as_str().unwrap(), "lacks 0 and has 1"),
            "{shape:?}: {:?}",
            audit.differences
        );
        assert!(
            lacking(outside["id"].as_str().unwrap(), "lacks 1 and has 0"),
            "{shape:?}: {:?}",
            audit.differences
        );
    }
}

#[tokio::test]
async fn audit_ignores_attributes_outside_schema() {
    let env = TestEnv::new().await;
    env.import("PUT", "/mapping", &document(&env, Shape::OnUser).await).await;
    env.run(data(&env, Shape::OnUser).await).await;
    let id = env.objects("user").await[0]["id"].clone();
    env.control("DELETE", "/okta/schemas/group/costCentre", Value::Null).await;
    assert!(compared(&env).await.in_sync);
    env.control("POST", &format!("/insight/objects/{id}"), json!({"user profile lastName": "Other"})).await;
    let audit = compared(&env).await;
    assert_eq!(audit.total_differences, 1, "{:?}", audit.differences);
    assert!(audit.differences[0].contains("profile/lastName"));
}
