//! What happens to the values of an import.

use serde_json::{Value, json};

use crate::env::{TestEnv, document};

async fn user(env: &TestEnv, values: Value) -> Value {
    let mut record = json!({"id": "u1", "login": "a@example.com"});
    record.as_object_mut().unwrap().extend(values.as_object().unwrap().clone());
    env.run(json!({"users": [record]})).await["progressResult"]["objectTypeResultMap"]["102"].clone()
}

async fn value(env: &TestEnv, end: &str) -> Value {
    let objects = env.objects("user").await;
    assert_eq!(objects.len(), 1);
    objects[0]["attributes"][format!("t/user/{end}")].clone()
}

#[tokio::test]
async fn same_external_id_updates_the_object() {
    let env = TestEnv::new().await.mapped().await;
    for (values, counter) in [
        (json!({"title": "Dr"}), "objectsCreated"),
        (json!({"title": "Prof"}), "objectsUpdated"),
        (json!({"title": "Prof"}), "objectsIdentical"),
        (json!({}), "objectsIdentical"),
    ] {
        let result = user(&env, values).await;
        assert_eq!(result[counter], 1, "{counter}: {result}");
    }
    assert_eq!(value(&env, "title").await, json!(["Prof"]));
}

#[tokio::test]
async fn unusable_entries_are_counted_and_skipped() {
    let env = TestEnv::new().await.mapped().await;
    let users = json!([{"id": "", "login": "x"}, {"login": "y"}, {"id": "u1", "login": ""}, {"id": "u2", "login": "b"},
        {"id": "u2", "login": "c"}]);
    let result =
        env.run(json!({"users": users})).await["progressResult"]["objectTypeResultMap"]["102"].clone();
    let number = |name: &str| result[name].as_u64().unwrap();
    assert_eq!((number("entriesInSource"), number("objectsCreated")), (5, 1));
    assert_eq!(number("emptyExternalIdEntries"), 2);
    assert_eq!((number("emptyLabelEntries"), number("duplicateEnries")), (1, 1));
}

#[tokio::test]
async fn invalid_values_are_dropped() {
    let env = TestEnv::new().await.mapped().await;
    let good =
        json!({"age": 5, "start": "2026-03-01T12:00:00Z", "page": "https://example.com", "status": "Here"});
    user(&env, good).await;
    let long = "x".repeat(300);
    for (name, bad) in [
        ("age", json!(3_000_000_000_i64)),
        ("age", json!("five")),
        ("start", json!("soon")),
        ("page", json!("www.example.com")),
        ("page", json!("ftp://files.example.com/x")),
        ("page", json!(format!("https://example.com/{}", "x".repeat(255)))),
        ("status", json!("Elsewhere")),
        ("title", json!(long)),
    ] {
        let result = user(&env, json!({name: bad})).await;
        assert_eq!(result["objectsIdentical"], 1, "{name} {bad}: {result}");
    }
    assert_eq!(value(&env, "age").await, json!(["5"]));
    assert_eq!(value(&env, "page").await, json!(["https://example.com"]));
}

#[tokio::test]
async fn empty_values_setting_decides_clearing() {
    let env = TestEnv::new().await.mapped().await;
    for (ignore, left) in [(true, json!(["Dr"])), (false, json!([]))] {
        env.control("PUT", "/insight/settings", json!({"ignoreEmptyValues": ignore})).await;
        for empty in [json!(null), json!(""), json!([])] {
            user(&env, json!({"title": "Dr"})).await;
            user(&env, json!({"title": empty})).await;
            assert_eq!(value(&env, "title").await, left, "ignore {ignore}, {empty}");
        }
    }
}

#[tokio::test]
async fn unknown_options_follow_source_setting() {
    let env = TestEnv::new().await.mapped().await;
    let options = json!({"type": "User", "name": "Size", "options": ["S"]});
    env.control("PUT", "/insight/attributes", options).await;
    env.control("PUT", "/insight/settings", json!({"ignoreUnknownValues": true})).await;
    user(&env, json!({"size": "S"})).await;
    user(&env, json!({"size": "XL"})).await;
    assert_eq!(value(&env, "size").await, json!(["S"]));
    env.control("PUT", "/insight/settings", json!({"ignoreUnknownValues": false})).await;
    user(&env, json!({"size": "XL"})).await;
    assert_eq!(value(&env, "size").await, json!(["XL"]));
}

#[tokio::test]
async fn missing_objects_follow_source_setting() {
    let env = TestEnv::new().await.mapped().await;
    let group = |id: &str| json!({"groups": [{"id": id, "name": id}]});
    env.run(group("g1")).await;
    env.run(group("g2")).await;
    assert_eq!(env.objects("group").await.len(), 2);
    env.control("PUT", "/insight/settings", json!({"removeMissingObjects": true})).await;
    let result = env.run(group("g3")).await["progressResult"]["objectTypeResultMap"]["101"].clone();
    assert_eq!(result["objectsMissingDeleted"], 2);
    assert_eq!(env.objects("group").await.len(), 1);
}

#[tokio::test]
async fn duplicate_unique_value_rejects_record() {
    let mut unique = document();
    unique["schema"]["objectSchema"]["objectTypes"][1]["attributes"][2]["unique"] = true.into();
    let env = TestEnv::new().await;
    assert_eq!(env.import("PUT", "/mapping", &unique).await.status, 204);
    let users =
        json!([{"id": "u1", "login": "a", "title": "King"}, {"id": "u2", "login": "b", "title": "King"}]);
    let result =
        env.run(json!({"users": users})).await["progressResult"]["objectTypeResultMap"]["102"].clone();
    assert_eq!((&result["objectsCreated"], &result["errorCount"]), (&json!(1), &json!(1)));
    let again = env.run(json!({"users": [users[0]]})).await;
    assert_eq!(
        again["progressResult"]["objectTypeResultMap"]["102"]["objectsIdentical"], 1,
        "its own value is its own"
    );
}

#[tokio::test]
async fn references_resolve_across_chunk_order() {
    let env = TestEnv::new().await.mapped().await;
    let execution = env.begin().await;
    let users = json!({"data": {"users": [{"id": "u1", "login": "a", "groups": ["g2", "g1", "none"]}]}});
    let groups = json!({"data": {"groups": [{"id": "g1", "name": "One"}, {"id": "g2", "name": "Two"}]}});
    for chunk in [users, groups, json!({"completed": true})] {
        assert_eq!(env.import("POST", &format!("{execution}/data"), &chunk).await.status, 200);
    }
    let result = env.outcome(&execution).await["progressResult"]["objectTypeResultMap"]["102"].clone();
    assert_eq!(result["objectsWithUpdatedReferences"], 1);
    assert_eq!(env.objects("user").await[0]["references"]["t/user/groups"], json!(["g1", "g2"]));
    user(&env, json!({"groups": []})).await;
    assert_eq!(env.objects("user").await[0]["references"]["t/user/groups"], json!([]));
}

#[tokio::test]
async fn placeholder_without_index_joins_values() {
    let env = TestEnv::new().await;
    let mut document = document();
    document["mapping"]["objectTypeMappings"][1]["attributesMapping"][8]["objectMappingIQL"] =
        "\"Group ID\" = ${groups}".into();
    assert_eq!(env.import("PUT", "/mapping", &document).await.status, 204);
    let groups = json!([{"id": "g1", "name": "One"}, {"id": "g2", "name": "Two"}]);
    let users = json!([{"id": "u1", "login": "a", "groups": ["g1", "g2"]}, {"id": "u2", "login": "b", "groups": "g1"}]);
    env.run(json!({"groups": groups, "users": users})).await;
    let found: Vec<Value> =
        env.objects("user").await.iter().map(|u| u["references"]["t/user/groups"].clone()).collect();
    assert_eq!(found, [json!([]), json!(["g1"])]);
}

#[tokio::test]
async fn single_cardinality_keeps_one_reference() {
    let env = TestEnv::new().await;
    let mut document = document();
    document["schema"]["objectSchema"]["objectTypes"][1]["attributes"][8]["maximumCardinality"] = 1.into();
    assert_eq!(env.import("PUT", "/mapping", &document).await.status, 204);
    let groups = json!([{"id": "g1", "name": "One"}, {"id": "g2", "name": "Two"}]);
    env.run(json!({"groups": groups, "users": [{"id": "u1", "login": "a", "groups": ["g1", "g2"]}]})).await;
    assert_eq!(env.objects("user").await[0]["references"]["t/user/groups"], json!(["g1"]));
}

#[tokio::test]
async fn one_form_of_references_works() {
    let env = TestEnv::new().await.mapped().await;
    let groups = json!([{"id": "g1", "name": "a"}, {"id": "g2", "name": "b"}]);
    env.run(json!({ "groups": groups })).await;
    let row = |id: &str, groups: Value| json!({"id": id, "login": id, "groups": groups});
    let list = |id: &str| json!([row(id, json!(["g1", "g2"]))]);
    let rows = |id: &str| json!([row(id, json!("g1")), row(id, json!("g2"))]);
    let search = ["IN (${groups${0}})", "IN (${groups})", "= ${groups}"];
    for (n, form) in ["eachValue", "joinedValues", "rowPerReference"].into_iter().enumerate() {
        env.control("PUT", "/insight/settings", json!({ "referenceForms": [form] })).await;
        for (m, search) in search.into_iter().enumerate() {
            let mut changed = document();
            changed["schema"]["objectSchema"]["objectTypes"][1]["attributes"] = json!([]);
            let fields = "/mapping/objectTypeMappings/1/attributesMapping";
            let fields = changed.pointer_mut(fields).unwrap().as_array_mut().unwrap();
            let groups = fields.iter_mut().find(|field| field["objectMappingIQL"].is_string()).unwrap();
            groups["objectMappingIQL"] = format!("\"Group ID\" {search}").into();
            assert_eq!(env.import("PATCH", "/mapping", &changed).await.status, 204);
            let id = format!("u{n}{m}");
            env.run(json!({ "users": if m == 2 { rows(&id) } else { list(&id) } })).await;
            let user = env.objects("user").await.pop().unwrap();
            let found =
                user["references"].as_object().unwrap().values().next().unwrap().as_array().unwrap().len();
            // A text finds one group at most, and a repeated identity counts once.
            let expected = match (n, m) {
                (same, also) if same == also => 2,
                (0 | 1, 2) => 1,
                _ => 0,
            };
            assert_eq!(found, expected, "{form}, {search}");
        }
    }
}
