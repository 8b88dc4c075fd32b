//! Objects and events of Okta's on their way to Assets.

use fuzz::fuzz;
use insight_import_client::document::SchemaAndMapping;
use jiff::Timestamp;
use okta_client::HookDelivery;
use okta_client::model::{Group, Schema, User};
use schema_mapper::{GroupScope, Mapping, MappingOptions, OrgSchemas, SyncScope, UserScope, UserTypeSchema};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use sync_model::{Fingerprint, GroupId, ObjectKind, Record, RetireReason};

use crate::events::inbox_event;
use crate::odd_event::odd_event;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Choice {
    users: UserScope,
    groups: GroupScope,
}

/// A part of a document, unless it is not as it should be.
fn part<T: DeserializeOwned>(document: &Value, name: &str) -> Option<T> {
    T::deserialize(document.get(name)?).ok()
}

fn items<T: DeserializeOwned>(document: &Value, name: &str) -> Vec<T> {
    let items = document.get(name).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| T::deserialize(item).ok()).take(4).collect()
}

/// Every field of a record is an attribute of its type, and the other way round.
fn has_its_fields(mapping: &Mapping, record: &Record) {
    let mut wanted: Vec<&str> =
        mapping.attributes(record.key.kind).iter().map(|a| a.locator.as_str()).collect();
    wanted.sort_unstable();
    let fields: Vec<&str> = record.fields.keys().map(String::as_str).collect();
    assert_eq!(fields, wanted);
    for attribute in mapping.attributes(record.key.kind) {
        let value = &record.fields[&attribute.locator];
        assert!(value.is_array() == attribute.many, "{}: {value}", attribute.name);
    }
    let again: Record = serde_json::from_value(serde_json::to_value(record).unwrap()).unwrap();
    assert_eq!(
        Fingerprint::of(&again.fields),
        Fingerprint::of(&record.fields),
        "what is stored is what is sent"
    );
}

#[test]
fn mapping_takes_any_org() {
    let words = [
        "schema", "users", "groups", "options", "profile", "title", "type", "enum", "Key", "Name", "select",
        "*", "!", "?",
    ];
    fuzz("mapping", &words, |input| {
        let Ok(org) = serde_json::from_slice::<Value>(input) else { return String::new() };
        let user_type = json!({"id": "oty0", "name": "user", "displayName": "User", "default": true});
        let user_type = serde_json::from_value(user_type).unwrap();
        let (Some(schema), Some(group)) = (part::<Schema>(&org, "schema"), part(&org, "group_schema")) else {
            return "no schemas".into();
        };
        let schemas = OrgSchemas { user_types: vec![UserTypeSchema { user_type, schema }], group };
        let Some(options) = part::<MappingOptions>(&org, "options") else { return "no options".into() };
        let mapping = match Mapping::new(&schemas, &options) {
            Ok(mapping) => mapping,
            Err(error) => return error.to_string(),
        };
        let written = serde_json::to_vec(mapping.document()).unwrap();
        assert_eq!(&serde_json::from_slice::<SchemaAndMapping>(&written).unwrap(), mapping.document());
        assert_eq!(mapping.fit_to(mapping.document()).document(), mapping.document());
        let mut outcome = format!("{} {:?}", mapping.attributes(ObjectKind::User).len(), mapping.warnings());
        let choice: Choice = part(&org, "scope").unwrap_or_default();
        let scope = SyncScope { users: choice.users, groups: choice.groups };
        outcome += &format!("{:?} {}", scope.check().is_ok(), scope.version().len());
        for user in items::<User>(&org, "users") {
            let mapped = mapping.user(&user);
            assert_eq!(mapping.user(&user), mapped, "the same user is mapped the same way");
            has_its_fields(&mapping, &mapped.record);
            has_its_fields(&mapping, &mapping.with_groups(mapped.record.clone(), &[GroupId::new("00g1")]));
            has_its_fields(&mapping, &mapping.retire(&mapped.record, RetireReason::Deleted));
            outcome += &format!("{:?} {}", mapped.problems, scope.includes_user(&user, &mapping));
        }
        for group in items::<Group>(&org, "groups") {
            let mapped = mapping.group(&group);
            has_its_fields(&mapping, &mapped.record);
            outcome += &format!("{:?} {}", mapped.problems, scope.includes_group(&group));
        }
        outcome
    });
}

#[test]
fn event_names_subjects_whatever_bytes() {
    let words = [
        "uuid",
        "published",
        "eventType",
        "target",
        "group.user_membership.add",
        "system.import.complete",
        "User",
        "UserGroup",
        "FAILURE",
    ];
    fuzz("event_names", &words, |input| {
        let Ok(events) = serde_json::from_slice::<Value>(input) else { return String::new() };
        let events = if events.is_array() { events } else { json!([events]) };
        let body = json!({"eventId": "d", "data": {"events": events}}).to_string();
        let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
        let read = delivery.events.iter().map(inbox_event);
        let odd = delivery.unreadable.iter().map(|item| {
            let event = odd_event(item, Timestamp::UNIX_EPOCH);
            assert_eq!(
                event.id,
                odd_event(item, Timestamp::UNIX_EPOCH).id,
                "an event that comes again is the same"
            );
            event
        });
        let mut outcome = String::new();
        for event in read.chain(odd) {
            assert!(!event.id.as_str().is_empty(), "an event has a name");
            outcome += &format!("{} {:?} ", event.event_type, event.subjects);
        }
        outcome
    });
}
