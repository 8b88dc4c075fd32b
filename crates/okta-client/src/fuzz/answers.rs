//! Bodies.

use bytes::Bytes;
use fuzz::{assert_shown, fuzz};
use http::StatusCode;
use serde::de::IgnoredAny;
use serde_json::{Value, json};

use super::{SECRET, line};
use crate::client::{Refusal, not_oauth, refused, undecodable};
use crate::error::Error;
use crate::hook::HookDelivery;
use crate::item::{Item, Unreadable, read_list};
use crate::model::{EventHook, Group, LogEvent, Schema, User, UserType};
use crate::text::without_secrets;

/// The longest message, in characters.
const LONGEST: usize = 2500;

const EVENT: [&str; 14] = [
    "uuid",
    "published",
    "eventType",
    "target",
    "actor",
    "outcome",
    "result",
    "FAILURE",
    "debugContext",
    "debugData",
    "changedAttributes",
    "User",
    "UserGroup",
    "2026-03-01T12:30:02.345Z",
];

/// An item next to one of these bytes is read as it is alone.
fn keeps_neighbors<T: Item + std::fmt::Debug>(odd: &Value, good: &Value) -> (usize, Vec<Unreadable>) {
    let (alone, none) = read_list::<T>(json!([good]).to_string().as_bytes()).unwrap();
    assert!(none.is_empty(), "{none:?}");
    let text = json!([good, odd, good]).to_string();
    let (items, unreadable) = read_list::<T>(text.as_bytes()).unwrap();
    assert_eq!(items.len() + unreadable.len(), 3, "each item is read or named");
    for neighbor in [items.first(), items.last()] {
        assert_eq!(format!("{neighbor:?}"), format!("{:?}", alone.first()), "the neighbors are read");
    }
    for item in &unreadable {
        assert_shown(&item.to_string(), LONGEST);
        assert!(item.position == 1);
    }
    (items.len(), unreadable)
}

#[test]
fn hook_delivery_reads_any_bytes() {
    let good = json!({"uuid": "e0", "published": "2026-03-01T10:00:00Z", "eventType": "t"});
    fuzz("hook_delivery", &EVENT, |input| {
        let mut outcome = String::new();
        if let Ok(odd) = serde_json::from_slice::<Value>(input) {
            let events =
                odd.pointer("/data/events").and_then(Value::as_array).cloned().unwrap_or_else(|| vec![odd]);
            for odd in &events {
                let body = json!({"eventId": "d", "data": {"events": [good, odd, good]}}).to_string();
                let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
                assert_eq!(delivery.events.len() + delivery.unreadable.len(), 3);
                assert_eq!(
                    (&delivery.events[0], delivery.events.last()),
                    (&delivery.events[0], delivery.events.first())
                );
                let (_, unreadable) = keeps_neighbors::<LogEvent>(odd, &good);
                assert_eq!(unreadable, delivery.unreadable);
                outcome += &format!("{unreadable:?}");
            }
        }
        match HookDelivery::parse(input) {
            Ok(delivery) => {
                for event in &delivery.events {
                    let counts =
                        (event.users().count(), event.groups().count(), event.changed_attributes().count());
                    outcome += &format!("{counts:?} {} {:?}", event.succeeded(), event.actor.is_some());
                    let written = serde_json::to_value(event).unwrap();
                    let again: LogEvent = serde_json::from_value(written).unwrap();
                    assert_eq!(&again, event, "an event that is stored is read back");
                }
            }
            Err(error) => {
                let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                outcome += &source;
            }
        }
        outcome
    });
}

#[test]
fn listing_reads_any_bytes() {
    let user = json!({"id": "00u0", "status": "ACTIVE", "profile": {"login": "a"}});
    let group = json!({"id": "00g0", "type": "OKTA_GROUP", "profile": {"name": "a"}});
    let hook = json!({"id": "who0", "name": "a", "status": "ACTIVE", "events": {"type": "EVENT_TYPE", "items": []},
        "channel": {"type": "HTTP", "version": "1.0.0", "config": {"uri": "https://a.example/", "headers": []}}});
    fuzz(
        "listing",
        &["id", "status", "profile", "type", "created", "_links", "objectClass", "lastUpdated"],
        |input| {
            let mut outcome = String::new();
            if let Ok(Value::Array(items)) = serde_json::from_slice(input) {
                for odd in items.iter().take(2) {
                    let users = keeps_neighbors::<User>(odd, &user);
                    let groups = keeps_neighbors::<Group>(odd, &group);
                    let (hooks, _) = keeps_neighbors::<EventHook>(odd, &hook);
                    outcome += &format!("{users:?} {groups:?} {hooks}");
                }
            }
            match read_list::<User>(input) {
                Ok((users, unreadable)) => {
                    for user in &users {
                        outcome += &format!("{:?} {}", user.odd, user.profile.iter().count());
                    }
                    outcome + &format!("{}", unreadable.len())
                }
                Err(source) => {
                    let error =
                        undecodable::<Vec<IgnoredAny>>("/api/v1/users", "a page of users", input, source);
                    assert_shown(&error.to_string(), LONGEST);
                    outcome + &std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default()
                }
            }
        },
    );
}

#[test]
fn schema_reads_any_bytes() {
    fuzz(
        "schema",
        &["definitions", "base", "custom", "properties", "enum", "oneOf", "const", "items", "type"],
        |input| {
            let types = serde_json::from_slice::<UserType>(input).map(|user_type| {
                user_type.schema_id().map(str::len);
                user_type.default
            });
            let schema = serde_json::from_slice::<Schema>(input).map(|schema| {
                let written = serde_json::to_value(&schema).unwrap();
                let again: Schema = serde_json::from_value(written).unwrap();
                assert_eq!(again, schema, "a schema that is exported is read back");
                schema.properties().filter(|(_, property)| property.is_unique()).count()
            });
            format!("{types:?} {schema:?}")
        },
    );
}

#[test]
fn refusal_shows_any_bytes() {
    let words = [
        SECRET,
        "errorCode",
        "errorSummary",
        "errorCauses",
        "E0000007",
        "E0000006",
        "message",
        "error",
        "Bearer",
        "<script>",
    ];
    fuzz("refusal", &words, |input| {
        let ((status, rest), secrets) = (line(input), [SECRET]);
        let (challenge, body) = line(rest);
        let status = std::str::from_utf8(status).ok().and_then(|status| status.parse().ok()).unwrap_or(400);
        let Ok(status) = StatusCode::from_u16(status) else { return String::new() };
        let clean = |bytes: &[u8]| without_secrets(Bytes::copy_from_slice(bytes), &secrets);
        let (challenge, body) = (clean(challenge), clean(body));
        let challenge = String::from_utf8_lossy(&challenge);
        let refusal = Refusal::read(&body);
        let mut outcome = String::new();
        for error in [
            refused("/api/v1/users/00u1", status, &challenge, &refusal, None),
            refused("/api/v1/users/00u1", status, &challenge, &refusal, Some("okta.users.read")),
            not_oauth("/oauth2/v1/token", status, &body),
        ] {
            let told = error.to_string();
            assert_shown(&told, LONGEST);
            let remedy = error.remedy().map(|remedy| remedy.to_string()).unwrap_or_default();
            assert_shown(&remedy, LONGEST);
            assert!(!format!("{error:?}{told}{remedy}").contains(SECRET), "a credential is shown: {told}");
            if let Error::NotFound { .. } = error {
                assert!(
                    status == StatusCode::NOT_FOUND && String::from_utf8_lossy(&body).contains("E0000007")
                );
            }
            outcome += &told;
        }
        outcome
    });
}
