//! Events that can't be parsed completely: their subjects are processed nevertheless.

use jiff::Timestamp;
use okta_client::Unreadable;
use okta_client::model::LogEvent;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sync_engine::{NewEvent, Subject};
use sync_model::{GroupId, UserId};

use crate::events::inbox_event;

/// The event in the engine's form, from its readable members. `about` replaces a missing time: a time of Okta's.
pub fn odd_event(item: &Unreadable, about: Timestamp) -> NewEvent {
    let raw = item.raw();
    let text = |name: &str| raw.get(name).and_then(Value::as_str);
    let published = text("published").and_then(|time| time.parse::<Timestamp>().ok());
    let targets = raw.get("target").and_then(Value::as_array).into_iter().flatten();
    let event = LogEvent {
        uuid: item.id.clone().unwrap_or_else(|| stand_in(raw)),
        published: published.unwrap_or(about),
        event_type: text("eventType").unwrap_or_default().to_owned(),
        outcome: raw.get("outcome").and_then(|outcome| serde_json::from_value(outcome.clone()).ok()),
        target: targets.filter_map(|target| serde_json::from_value(target.clone()).ok()).collect(),
        ..LogEvent::default()
    };
    let mut read = inbox_event(&event);
    if event.event_type.is_empty() {
        "unreadable".clone_into(&mut read.event_type);
        let users = event.users().map(|id| Subject::User(UserId::new(id)));
        read.subjects = users.chain(event.groups().map(|id| Subject::Group(GroupId::new(id)))).collect();
        if read.subjects.is_empty() {
            read.subjects.push(Subject::RecentChanges);
        }
    }
    // An object cannot be older than a time that is not the event's own.
    read.requires_newer_object &= published.is_some();
    read
}

/// An ID for an event without one: the same for each repeat.
fn stand_in(raw: &Value) -> String {
    let digest = Sha256::digest(raw.to_string());
    let id = digest.first_chunk::<16>().map(|bytes| u128::from_be_bytes(*bytes)).unwrap_or_default();
    format!("unreadable-{id:032x}")
}

#[cfg(test)]
mod tests {
    use okta_client::HookDelivery;
    use serde_json::json;

    use super::*;

    fn read(event: &Value) -> NewEvent {
        let body = json!({ "eventId": "d1", "data": { "events": [event] } }).to_string();
        let delivery = HookDelivery::parse(body.as_bytes()).unwrap();
        assert_eq!(delivery.unreadable.len(), 1, "{event}");
        odd_event(&delivery.unreadable[0], Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn odd_event_names_its_targets() {
        let ada = Subject::User(UserId::new("00u1"));
        let target = json!([{ "id": 5 }, { "id": "00u1", "type": "User" }]);
        let event = read(&json!({
            "uuid": "e1", "published": 5, "eventType": "user.account.update_profile", "target": target,
        }));
        assert_eq!(
            (event.id.as_str(), event.subjects, event.requires_newer_object),
            ("e1", vec![ada.clone()], false)
        );
        let event = read(&json!({ "uuid": "e2", "published": "2026-03-01T10:00:00Z", "target": target }));
        assert_eq!((event.event_type.as_str(), event.subjects), ("unreadable", vec![ada]));
    }

    #[test]
    fn event_without_targets_asks_for_changes() {
        for odd in [json!(null), json!(7), json!({}), json!({ "uuid": "", "published": "x" })] {
            let event = read(&odd);
            assert_eq!(event.subjects, [Subject::RecentChanges], "{odd}");
            assert_eq!(event.id, read(&odd).id);
        }
        let delete = read(&json!({ "uuid": "e3", "eventType": "group.lifecycle.delete" }));
        assert_eq!(delete.subjects, [Subject::EntireDirectory]);
    }

    #[test]
    fn foreign_odd_event_names_nothing() {
        let event = read(&json!({ "uuid": "e4", "eventType": "user.session.start" }));
        assert_eq!(event.subjects, []);
    }
}
