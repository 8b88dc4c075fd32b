//! One object on both sides.

use admin_api::{AssetsLookup, FieldComparison, FieldMatch, ObjectState, ObjectView, OktaLookup, OktaObject};
use insight_import_client::account::{ObjectValues, aql_text};
use serde_json::{Value, json};
use sync_daemon::Connection;
use sync_engine::RunKind;
use sync_model::{GroupId, ObjectKind, RecordKey, UserId};

use crate::test_env::{Account, TestEnv, set_up, sync, test_env};

fn user(id: &str) -> RecordKey {
    RecordKey::user(&UserId::new(id))
}

fn group(id: &str) -> RecordKey {
    RecordKey::group(&GroupId::new(id))
}

async fn view(connection: &Connection, key: &RecordKey) -> ObjectView {
    connection.object(key).await.unwrap()
}

fn in_okta(view: &ObjectView) -> &OktaObject {
    let OktaLookup::Found(object) = &view.okta else { unreachable!("{:?}", view.okta) };
    object
}

fn field<'v>(view: &'v ObjectView, okta: &str) -> &'v FieldComparison {
    view.fields.iter().find(|field| field.okta.as_deref() == Some(okta)).unwrap()
}

fn count(view: &ObjectView, agreement: FieldMatch) -> usize {
    view.fields.iter().filter(|field| field.field_match == agreement).count()
}

/// Creates a user in Okta.
async fn new_user(world: &TestEnv, login: &str) -> String {
    let profile =
        json!({ "login": login, "email": login, "firstName": "Grace", "lastName": "H", "city": "Oslo" });
    let created = world.control.call("POST", "/okta/users", &profile).await.unwrap();
    created["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn user_state_follows_both_sides() {
    let world = test_env().await;
    let id = world.resident().await;
    let connection = world.synced(Account::With).await;
    let seen = view(&connection, &user(&id)).await;
    assert_eq!(seen.state, ObjectState::InSync, "{:#?}", seen.fields);
    assert!(
        matches!(&seen.assets, AssetsLookup::Found { key, duplicates, .. } if key.starts_with("OKTA-") && duplicates.is_empty())
    );
    let okta = in_okta(&seen);
    assert_eq!((okta.profile["city"].as_str(), okta.in_scope), (Some("Paris"), Some(true)));
    let groups = okta.groups.as_ref().unwrap();
    assert!(groups.len() > 1 && groups.iter().all(|group| group.in_scope && !group.name.is_empty()));
    let (city, memberships) = (field(&seen, "city"), field(&seen, "groups"));
    assert_eq!((city.attribute.as_deref(), &city.in_record), (Some("City"), &Some(json!("Paris"))));
    assert_eq!(city.in_assets.as_deref(), Some(&["Paris".to_owned()][..]));
    assert_eq!(memberships.in_assets.as_ref().unwrap().len(), groups.len());
    assert_eq!(memberships.field_match, FieldMatch::Equal);
    assert_eq!(count(&seen, FieldMatch::Equal), seen.fields.len(), "{:#?}", seen.fields);
    let confirmed = seen.confirmed.unwrap();
    assert_eq!(confirmed.run.unwrap().kind, Some(RunKind::FullSync));
    assert!(confirmed.read_at <= confirmed.confirmed_at && confirmed.retired_at.is_none());
    assert_eq!((seen.last_event_id, seen.stale_values.len()), (None, 0), "a pass brought it");

    // Somebody changes the object in Assets.
    let assets = world.assets();
    let aql = format!("objectType = \"Okta User\" AND \"Okta User ID\" = {}", aql_text(&id));
    let found: Vec<_> = futures::TryStreamExt::try_collect(assets.search(&aql)).await.unwrap();
    let object: &insight_import_client::account::Object = &found[0];
    let object_type = object.object_type.as_ref().unwrap().id.clone();
    let attributes = assets.attributes(&object_type).await.unwrap();
    let attribute = attributes.iter().find(|attribute| attribute.name == "City").unwrap();
    let values = ObjectValues::new().with(&attribute.id, ["Lyon"]);
    assets.update_object(&object.id, &object_type, &values).await.unwrap();
    let seen = view(&connection, &user(&id)).await;
    assert_eq!(seen.state, ObjectState::ModifiedInAssets);
    let differing: Vec<_> = seen.fields.iter().filter(|f| f.field_match == FieldMatch::Different).collect();
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].in_assets.as_deref(), Some(&["Lyon".to_owned()][..]));

    // And the user in Okta.
    world.control.call("POST", &format!("/okta/users/{id}"), &json!({ "city": "Rome" })).await.unwrap();
    let seen = view(&connection, &user(&id)).await;
    assert_eq!(seen.state, ObjectState::Outdated);
    let city = field(&seen, "city");
    assert_eq!((&city.in_record, &city.in_okta), (&Some(json!("Paris")), &Some(json!("Rome"))));

    sync(&connection).await;
    assert_eq!(view(&connection, &user(&id)).await.state, ObjectState::InSync);
    assert!(assets.delete_object(&object.id).await.unwrap());
    let seen = view(&connection, &user(&id)).await;
    assert_eq!((seen.state, &seen.assets), (ObjectState::MissingInAssets, &AssetsLookup::NotFound));
}

#[tokio::test]
async fn deleted_user_keeps_last_values() {
    let world = test_env().await;
    let connection = world.synced(Account::With).await;
    let id = world.delete_user(2).await;
    let seen = view(&connection, &user(&id)).await;
    assert_eq!((seen.state, &seen.okta), (ObjectState::Outdated, &OktaLookup::NotFound));
    let name = seen.name.unwrap();
    sync(&connection).await;
    let seen = view(&connection, &user(&id)).await;
    assert_eq!((seen.state, seen.name.as_ref()), (ObjectState::Retired, Some(&name)));
    assert!(seen.confirmed.unwrap().retired_at.is_some());
    assert_eq!(field(&seen, "status").in_assets.as_deref(), Some(&["Okta Deleted".to_owned()][..]));
    assert_eq!(count(&seen, FieldMatch::Different), 0, "{:#?}", seen.fields);
    let matches = connection.find_objects(&name.to_uppercase(), None, 5).await.unwrap();
    assert_eq!((matches.objects.len(), matches.objects[0].retired, matches.has_more), (1, true, false));
}

#[tokio::test]
async fn group_view_has_name_and_members() {
    let world = test_env().await;
    let id = world.resident().await;
    let connection = world.synced(Account::With).await;
    let groups = in_okta(&view(&connection, &user(&id)).await).groups.clone().unwrap();
    let own = world.groups().await.remove(0);
    let of_user = groups.iter().find(|group| group.id == own).unwrap();
    let seen = view(&connection, &group(&own)).await;
    assert_eq!(seen.state, ObjectState::InSync, "{:#?}", seen.fields);
    assert_eq!(seen.name.as_ref(), Some(&of_user.name));
    let okta = in_okta(&seen);
    assert!(okta.members.unwrap() > 0 && okta.groups.is_none());
    assert_eq!(okta.kind.as_deref(), Some("OKTA_GROUP"));
    let matches = connection.find_objects(&of_user.name, Some(ObjectKind::Group), 5).await.unwrap();
    assert!(matches.objects.iter().any(|found| found.key == group(&own) && found.confirmed_at.is_some()));
}

#[tokio::test]
async fn unsynced_object_is_found_in_okta() {
    let world = test_env().await;
    let connection = world.open(Account::With).await;
    set_up(&connection).await;
    let grace = new_user(&world, "grace@example.com").await;
    let seen = view(&connection, &user(&grace)).await;
    assert_eq!((seen.state, seen.name.as_deref()), (ObjectState::NotSynced, Some("grace@example.com")));
    assert_eq!(field(&seen, "city").in_okta, Some(json!("Oslo")));
    assert!(seen.confirmed.is_none() && field(&seen, "city").in_record.is_none());

    sync(&connection).await;
    let late = new_user(&world, "it's \"late\"@example.com").await;
    let matches = connection.find_objects("it's \"late\"@example.com", None, 5).await.unwrap();
    assert_eq!((matches.objects[0].key.clone(), matches.objects[0].synced), (user(&late), false));
    let seen = view(&connection, &user("it's \"late\"@example.com")).await;
    assert_eq!((seen.key, seen.state), (user(&late), ObjectState::NotSynced));
    let seen = view(&connection, &user("grace@example.com")).await;
    assert_eq!((seen.key, seen.state), (user(&grace), ObjectState::InSync), "sent, and named by its login");

    let choosing =
        world.open_more(Account::With, "[connections.main.scope.users]\nprofile = { city = [\"Nuuk\"] }\n");
    let seen = view(&choosing.await, &user(&late)).await;
    assert_eq!((seen.state, in_okta(&seen).in_scope), (ObjectState::OutOfScope, Some(false)));

    let team = json!({ "name": "Night Shift" });
    let team = world.control.call("POST", "/okta/groups", &team).await.unwrap();
    let matches = connection.find_objects("Night Shift", None, 5).await.unwrap();
    assert_eq!(matches.objects[0].key, group(team["id"].as_str().unwrap()));

    for key in [user("nobody@example.com"), user("00u404"), group("00g404")] {
        let seen = view(&connection, &key).await;
        assert_eq!((seen.state, &seen.okta), (ObjectState::NotFound, &OktaLookup::NotFound), "{key}");
        assert_eq!(connection.find_objects(&key.id, None, 5).await.unwrap().objects, [], "{key}");
    }
}

#[tokio::test]
async fn object_view_reports_failed_lookups() {
    let world = test_env().await;
    let id = world.resident().await;
    for (account, word) in [(Account::Without, "without an Atlassian account"), (Account::Wrong, "rejected")]
    {
        let connection = world.synced(account).await;
        let seen = view(&connection, &user(&id)).await;
        let AssetsLookup::Unknown { reason, remedy } = &seen.assets else {
            unreachable!("{:?}", seen.assets)
        };
        assert!(reason.contains(word) && remedy.is_some(), "{reason} {remedy:?}");
        assert_eq!(count(&seen, FieldMatch::Unknown), seen.fields.len());
        assert_eq!(seen.state, ObjectState::InSync, "as far as is known");
        assert_eq!(field(&seen, "city").in_record, Some(json!("Paris")));
    }
    // Without an admin role Okta refuses.
    let connection = world.open(Account::Without).await;
    world.control.call("POST", "/okta/role/off", &Value::Null).await.unwrap();
    let seen = view(&connection, &user(&id)).await;
    let OktaLookup::Error { reason, .. } = &seen.okta else { unreachable!("{:?}", seen.okta) };
    assert!(!reason.is_empty());
    assert_eq!(seen.state, ObjectState::Unknown);
    assert!(
        seen.fields.iter().any(|field| field.in_record == Some(json!("Paris"))),
        "what was sent is there"
    );
    assert!(connection.find_objects("nobody", None, 5).await.unwrap().okta_error.is_some());
}
