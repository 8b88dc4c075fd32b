//! Lists that are read item by item: one that cannot be read does not stop the others.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::model::{EventHook, Group, LogEvent, User, is_id, kind_of};

/// An object that listings hold.
pub(crate) trait Item: DeserializeOwned {
    /// The members without which it cannot be used, its id first.
    const NEEDED: &'static [&'static str];
}

impl Item for User {
    const NEEDED: &'static [&'static str] = &["id", "status", "profile"];
}

impl Item for Group {
    const NEEDED: &'static [&'static str] = &["id", "type", "profile"];
}

impl Item for LogEvent {
    const NEEDED: &'static [&'static str] = &["uuid", "published", "eventType"];
}

impl Item for EventHook {
    const NEEDED: &'static [&'static str] = &["id", "name", "status", "events", "channel"];
}

/// An item that can't be decoded, with its ID, if that is readable, and the invalid field.
#[derive(Clone, PartialEq, Eq)]
pub struct Unreadable {
    /// The ID: `id`, or `uuid` of an event.
    pub id: Option<String>,
    /// Its position in the page, from 0.
    pub position: usize,
    /// The path of the invalid field, such as `status` or `target[0].id`; empty if the item isn't an object.
    pub field: String,
    /// The kind of value that was found: `nothing`, `null`, `text`, …
    pub found: &'static str,
    /// The item as received.
    raw: Value,
}

impl Unreadable {
    /// The item as received, which may contain personal data.
    pub const fn raw(&self) -> &Value {
        &self.raw
    }

    fn new<T: Item>(position: usize, raw: Value, path: &str) -> Self {
        let id = T::NEEDED.first().and_then(|name| raw.get(name)?.as_str());
        let id = id.filter(|id| is_id(id));
        let missing = || T::NEEDED.iter().find(|name| raw.get(name).is_none_or(Value::is_null));
        let field = match path {
            _ if !raw.is_object() => "",
            "." => missing().copied().unwrap_or_default(),
            path => path,
        };
        let pointer = field.split(['.', '[']).map(|part| part.trim_end_matches(']'));
        let value = pointer.filter(|part| !part.is_empty()).try_fold(&raw, |value, part| match value {
            Value::Array(items) => items.get(part.parse::<usize>().ok()?),
            value => value.get(part),
        });
        Self { id: id.map(str::to_owned), position, field: field.to_owned(), found: kind_of(value), raw }
    }

    /// An item with a member that is nested too deeply or contains invalid text. The other members are kept.
    fn undecodable<T: Item>(position: usize, text: &RawValue) -> Self {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(text.get()).unwrap_or_default();
        let (mut read, mut field) = (Map::new(), String::new());
        for (name, member) in members {
            match serde_json::from_str(member.get()) {
                Ok(value) => drop(read.insert(name, value)),
                Err(_) => field = name,
            }
        }
        let found = "an undecodable value";
        Self { field, found, ..Self::new::<T>(position, Value::Object(read), ".") }
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => write!(f, "{id}")?,
            None => write!(f, "the item at position {}", self.position + 1)?,
        }
        match self.field.as_str() {
            "" => write!(f, " is {} instead of an object", self.found),
            field => write!(f, " has {} in the field {field}", self.found),
        }
    }
}

impl fmt::Debug for Unreadable {
    /// Without the item itself, which is personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unreadable({self})")
    }
}

/// The items of a list that can be read, and those that cannot. The whole list at once, because that is fast and nearly
/// always good; one by one otherwise.
///
/// # Errors
/// When the text is not JSON, or not a list.
pub(crate) fn read_list<T: Item>(text: &[u8]) -> Result<(Vec<T>, Vec<Unreadable>), serde_json::Error> {
    let text = without_mark(text);
    if let Ok(items) = serde_json::from_slice(text) {
        return Ok((items, Vec::new()));
    }
    Ok(read_items(serde_json::from_slice(text)?))
}

/// The same for items that were split before, and not decoded.
pub(crate) fn read_items<T: Item>(texts: Vec<&RawValue>) -> (Vec<T>, Vec<Unreadable>) {
    let (mut items, mut unreadable) = (Vec::new(), Vec::new());
    for (position, text) in texts.into_iter().enumerate() {
        let Ok(value) = serde_json::from_str::<Value>(text.get()) else {
            unreadable.push(Unreadable::undecodable::<T>(position, text));
            continue;
        };
        match serde_path_to_error::deserialize(&value) {
            Ok(item) => items.push(item),
            Err(error) => {
                let path = error.path().to_string();
                unreadable.push(Unreadable::new::<T>(position, value, &path));
            }
        }
    }
    (items, unreadable)
}

/// The text after a byte order mark.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn listed<T: Item>(item: &Value) -> (Vec<T>, Vec<Unreadable>) {
        read_list(json!([item]).to_string().as_bytes()).unwrap()
    }

    fn reason<T: Item>(item: &Value) -> String {
        let (_, unreadable) = listed::<T>(item);
        unreadable.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn odd_item_is_named_by_field() {
        let user = |member: &str, value: Value| {
            let mut user = json!({"id": "00u1", "status": "ACTIVE", "profile": {"login": "a"}});
            user[member] = value;
            reason::<User>(&user)
        };
        assert_eq!(user("status", Value::Null), "00u1 has null in the field status");
        assert_eq!(user("status", json!(3)), "00u1 has a number in the field status");
        assert_eq!(user("profile", json!("Ada")), "00u1 has text in the field profile");
        assert_eq!(user("id", json!("")), "the item at position 1 has text in the field id");
        assert_eq!(
            reason::<User>(&json!({"status": "ACTIVE"})),
            "the item at position 1 has nothing in the field id"
        );
        assert_eq!(
            reason::<Group>(&json!({"id": "00g1", "profile": {}})),
            "00g1 has nothing in the field type"
        );
        assert_eq!(reason::<User>(&Value::Null), "the item at position 1 is null instead of an object");
        let event = json!({"uuid": "e1", "published": "2026-03-01T10:00:00Z", "eventType": "t",
            "target": [{"id": "00u1", "type": "User"}, {"id": 5}]});
        assert_eq!(reason::<LogEvent>(&event), "e1 has a number in the field target[1].id");
    }

    #[test]
    fn invalid_id_makes_item_unreadable() {
        let long = "0".repeat(65);
        for id in ["00u/../x", " ", "00ü1", "00u1;x", "..", long.as_str()] {
            let told = reason::<User>(&json!({"id": id, "status": "ACTIVE", "profile": {"login": "a"}}));
            assert_eq!(told, "the item at position 1 has text in the field id", "{id}");
            let told = reason::<Group>(&json!({"id": id, "type": "OKTA_GROUP", "profile": {"name": "a"}}));
            assert_eq!(told, "the item at position 1 has text in the field id", "{id}");
        }
    }

    #[test]
    fn unusable_optional_fields_are_tolerated() {
        let odd = json!(["", 7, {}, [], true, "Mon Jan 05 10:15:30 UTC 2026", null, {"id": 5}, {"id": null}]);
        for odd in odd.as_array().unwrap() {
            for member in [
                "created",
                "activated",
                "statusChanged",
                "lastLogin",
                "lastUpdated",
                "passwordChanged",
                "type",
                "x",
            ] {
                let mut user = json!({"id": "00u1", "status": "ACTIVE", "profile": {"login": "a"}});
                user[member] = odd.clone();
                let (users, unreadable) = listed::<User>(&user);
                assert!(unreadable.is_empty(), "{member}: {odd}");
                let named: Vec<&str> = users[0].odd.iter().map(|odd| odd.member.as_str()).collect();
                let is_odd = !odd.is_null() && member != "x";
                assert_eq!(named, if is_odd { vec![member] } else { vec![] }, "{member}: {odd}");
                assert_eq!(users[0].profile.login(), Some("a"));
            }
            for member in ["objectClass", "created", "lastUpdated", "lastMembershipUpdated"] {
                let mut group = json!({"id": "00g1", "type": "OKTA_GROUP", "profile": {"name": "a"}});
                group[member] = odd.clone();
                assert!(listed::<Group>(&group).1.is_empty(), "{member}: {odd}");
            }
            for member in ["severity", "displayMessage", "actor", "outcome", "debugContext"] {
                let mut event = json!({"uuid": "e1", "published": "2026-03-01T10:00:00Z", "eventType": "t",
                    "target": [{"id": "00u1", "type": "User", "displayName": odd, "alternateId": odd}]});
                event[member] = odd.clone();
                let (events, unreadable) = listed::<LogEvent>(&event);
                assert!(unreadable.is_empty(), "{member}: {odd}");
                assert_eq!(events[0].users().collect::<Vec<_>>(), ["00u1"]);
            }
        }
    }

    #[test]
    fn debug_print_repeats_nothing() {
        let (_, odd) = listed::<User>(&json!({"id": "00u1", "profile": {"login": "ada@example.com"}}));
        assert!(!format!("{odd:?} {}", odd[0]).contains("ada@"));
    }

    proptest! {
        #[test]
        fn any_text_parses_without_panic(text in "[\\[\\]{}\",:a-z0-9]{0,60}") {
            let _ = read_list::<User>(text.as_bytes());
        }
    }
}
