//! What people do to objects and attributes on either side, and settings that a set-up has to get along with.

use std::time::Duration;

use serde_json::{Value, json};

use crate::row::{Act, Row, Switch, tolerates};
use crate::test_env::TestEnv;

/// Checks that a call of the control API and its opposite raise no alert, beside faults that make it matter.
async fn change_is_tolerated(name: &str, faults: &str, on: (&str, &str, Value), off: Option<Value>) {
    let world = TestEnv::start().await;
    let (method, path, body) = on;
    world.call(method, path, &body).await;
    tolerates(&world, name, faults).await;
    if let Some(off) = off {
        world.call(method, path, &off).await;
        world.is_well().await;
    }
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn revoked_tokens_are_tolerated() {
    change_is_tolerated("tokens are revoked", "", ("DELETE", "/okta/tokens", Value::Null), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn expired_cursors_are_tolerated() {
    change_is_tolerated("cursors expire", "hooks.lost=1", ("DELETE", "/okta/log/cursors", Value::Null), None)
        .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn emptied_log_is_tolerated() {
    change_is_tolerated("the log forgets", "hooks.lost=1", ("DELETE", "/okta/log", Value::Null), None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn small_chunk_limit_is_tolerated() {
    let small = json!({ "chunkLimit": 2500 });
    change_is_tolerated(
        "small chunks",
        "",
        ("PUT", "/insight/settings", small),
        Some(json!({ "chunkLimit": null })),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn low_assets_rate_limit_is_tolerated() {
    let few = json!({ "rateLimit": 120 });
    change_is_tolerated(
        "few requests",
        "",
        ("PUT", "/insight/settings", few),
        Some(json!({ "rateLimit": null })),
    )
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn foreign_attribute_is_tolerated() {
    let attribute = json!({ "type": "Okta User", "name": "Parking lot" });
    change_is_tolerated("an attribute of their own", "", ("POST", "/insight/attributes", attribute), None)
        .await;
}

/// Objects that lack in Assets, and values that differ there, are told with the account, and mended by sending again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assets_edits_are_reported_and_resent() {
    let world = TestEnv::with_account().await;
    let users = world.objects("user").await;
    let id = |object: &Value| object["id"].to_string().trim_matches('"').to_owned();
    let changed = &users[2];
    world.call("POST", &format!("/insight/objects/{}", id(changed)), &json!({ "City": ["Elsewhere"] })).await;
    let place = format!("/objects/user/{}", changed["attributes"]["okta-sync/user/id"][0].as_str().unwrap());
    world.page_with(&place, &["Modified in Assets", "resend the user"], false).await;
    world.press(&format!("{}/resend", &place[1..])).await;
    world.page_with(&place, &["is the same in Okta and Assets"], false).await;

    for object in users.iter().take(2).chain(&world.objects("group").await[..1]) {
        world.call("DELETE", &format!("/insight/objects/{}", id(object)), &Value::Null).await;
    }
    world.press("checks").await;
    let told = ["Assets has 10 of 12 confirmed users", "Press Resend all objects on the Setup page"];
    world.page_with("/checks", &told, false).await;
    world.send("synchronize", &[("resend", "yes")]).await;
    let comes_back = async || world.objects("user").await.len() == 12;
    world.wait_for("every user is there again", comes_back).await;
    world.press("checks").await;
    world.page_with("/checks", &["Assets has all confirmed objects"], false).await;
    world.is_equal().await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_attribute_is_restored() {
    let world = TestEnv::start().await;
    let user = world.users().await.remove(0);
    world.moves(&user, "Nuuk").await;
    world.arrives(&user, "Nuuk").await;
    world.call("DELETE", "/insight/attributes", &json!({ "type": "Okta User", "name": "City" })).await;
    world.arrives(&user, "Nuuk").await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_object_type_is_restored() {
    let world = TestEnv::start().await;
    let user = world.users().await.remove(0);
    world.call("DELETE", "/insight/object-types", &json!({ "type": "Okta User" })).await;
    world.moves(&user, "Nuuk").await;
    world.arrives(&user, "Nuuk").await;
    world.is_equal().await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deleted_object_schema_requires_setup() {
    let world = TestEnv::start().await;
    world.call("DELETE", "/insight/document", &Value::Null).await;
    let user = world.users().await.remove(0);
    world.moves(&user, "Nuuk").await;
    world.page_with("", &["no object types and mapping", "ress Setup"], false).await;
    world.press("setup").await;
    world.is_equal().await;
    world.is_well().await;
    world.end().await;
}

/// A value that the site refuses for good holds up no other user, and is sent once it is another one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn refused_records_hold_up_no_other() {
    let world = TestEnv::start().await;
    world.call("PUT", "/insight/settings", &json!({ "refuseMarkedRecords": true })).await;
    let [bad, good] = world.users().await[..2].to_vec().try_into().unwrap();
    world.moves(&bad, "refuse 400").await;
    world.moves(&good, "Nuuk").await;
    world.arrives(&good, "Nuuk").await;
    world.moves(&bad, "Oslo").await;
    world.arrives(&bad, "Oslo").await;
    world.is_well().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn schema_page_shows_okta_changes() {
    let world = TestEnv::start().await;
    let attribute = json!({ "title": "Favourite tea", "type": "string" });
    world.call("PUT", "/okta/schemas/user/favouriteTea", &attribute).await;
    let user = world.users().await.remove(0);
    world.call("POST", &format!("/okta/users/{user}"), &json!({ "favouriteTea": "Oolong" })).await;
    world.arrives(&user, "Oolong").await;
    world.press("schema").await;
    world.page_with("/schema", &["Favourite tea", "favouriteTea"], false).await;
    // Whoever is read before the schemas are compared again loses the value in Okta as in Assets.
    world.is_well().await;
    world.call("DELETE", "/okta/schemas/user/favouriteTea", &Value::Null).await;
    world.press("schema").await;
    world.page_with("/schema", &["Favourite tea", "No longer mapped"], false).await;
    world.is_well().await;
    let document = world.call("GET", "/insight/document", &Value::Null).await;
    assert!(document.to_string().contains("Favourite tea"), "nothing is deleted: {document}");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_clears_stale_values() {
    let world = TestEnv::with_account().await;
    world.call("PUT", "/insight/settings", &json!({ "ignoreEmptyValues": true })).await;
    world.press("checks").await;
    world.page_with("/checks", &["The Atlassian account clears them"], false).await;
    // What was read of the settings is good for so long.
    tokio::time::sleep(Duration::from_secs(6)).await;
    let user = world.users().await.remove(0);
    world.call("POST", &format!("/okta/users/{user}"), &json!({ "city": null })).await;
    world.is_equal().await;
    world.is_well().await;
    world.end().await;
}

/// Each way in which a site reads several references, and a repeated identity.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reference_forms_of_site_are_found() {
    let world = TestEnv::with_account().await;
    for (form, repeated, told) in [
        ("eachValue", "first", "The reference form each_value works"),
        ("joinedValues", "last", "The reference form joined_values works"),
        ("rowPerReference", "merged", "The reference form row_per_reference works"),
    ] {
        let site = json!({ "referenceForms": [form], "repeatedIdentity": repeated });
        world.call("PUT", "/insight/settings", &site).await;
        world.press("self-test").await;
        let told = [&format!("{told}Yes"), "A repeated ID is one objectYes"];
        world.page_with("/checks", &told, false).await;
        world.is_equal().await;
    }
    world.is_well().await;
    world.end().await;
}

/// What Checks tells with an account, or because there is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn account_dependent_settings_are_reported() {
    let checks = Act::Press("checks");
    let setting = |name, on, off, says| {
        let call = |body| Switch::Control("PUT", "/insight/settings", body);
        Row::control(name, call(on), call(off), checks, "/checks", says)
    };
    let world = TestEnv::with_account().await;
    let full = ["raise the object limit", "Premium includes 50,000"];
    let (many, none) = (json!({ "objectsElsewhere": 49_990 }), json!({ "objectsElsewhere": 0 }));
    setting("the site is nearly full", many, none, full).run(&world).await;
    world.end().await;
    let world = TestEnv::start().await;
    let tiny = ["is too large for Assets", "of them in the attribute"];
    let call = |body| Switch::Control("PUT", "/insight/settings", body);
    let (on, off) = (call(json!({ "chunkLimit": 300 })), call(json!({ "chunkLimit": null })));
    Row::control("a record is larger than a chunk may be", on, off, Act::Event, "", tiny).run(&world).await;
    let hidden = ["set missing objects to Ignore", "Add an Atlassian account"];
    let (on, off) = (json!({ "settingsForAccountOnly": true }), json!({ "settingsForAccountOnly": false }));
    setting("the token may not read the settings", on, off, hidden).run(&world).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_options_are_reported() {
    let mapping = json!({ "enum_format": "select" });
    let world = TestEnv::with(&json!({ "mapping": mapping })).await;
    world.call("PUT", "/insight/settings", &json!({ "ignoreUnknownValues": true })).await;
    world.press("checks").await;
    let told = ["The import drops unknown values", "set unknown values to Add"];
    world.page_with("/checks", &told, false).await;
    world.call("PUT", "/insight/settings", &json!({ "ignoreUnknownValues": false })).await;
    world.press("checks").await;
    world.page_with("/checks", &["The import adds unknown values"], false).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ignored_cardinality_requires_account() {
    let hard = json!({ "ignoreCardinality": true, "refuseBareAttributeBody": true });
    let world = TestEnv::before_save().await;
    world.call("PUT", "/insight/settings", &hard).await;
    world.save(&world.settings(&Value::Null)).await;
    world.press("setup").await;
    world.page_with("/setup", &["Event hook to"], false).await;
    world.press("verify").await;
    world.page_with("/setup", &["The maximum cardinality is 1", "set Cardinality to Unlimited"], false).await;
    world.end().await;

    let world = TestEnv::before_save().await;
    world.call("PUT", "/insight/settings", &hard).await;
    world.save(&world.settings_with_account()).await;
    world.press("setup").await;
    world.page_with("/setup", &["Event hook to"], false).await;
    world.press("verify").await;
    world.page_with("/setup", &["References accept any number of values"], false).await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn external_id_conflict_is_reported() {
    let world = TestEnv::before_save().await;
    world.call("PUT", "/insight/settings", &json!({ "externalIdsElsewhere": ["okta-sync/type/user"] })).await;
    world.save(&world.settings(&Value::Null)).await;
    world.press("setup").await;
    world
        .page_with(
            "/setup",
            &["belongs to another object type of the site", "never change the prefix"],
            false,
        )
        .await;
    world.call("PUT", "/insight/settings", &json!({ "externalIdsElsewhere": [] })).await;
    world.press("setup").await;
    world.page_with("/setup", &["Event hook to"], false).await;
    world.end().await;
}
