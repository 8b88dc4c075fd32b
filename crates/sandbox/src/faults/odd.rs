//! Unreadable items among readable ones.

use serde_json::{Value, json};

/// Sets a field of an item to an invalid value: the time of an event, or its type for odd numbers. The IDs stay, so
/// that the item can be read alone.
pub(crate) fn spoil(item: &mut Value, number: usize) {
    let Some(members) = item.as_object_mut() else { return };
    let field = match members.contains_key("eventType") {
        true if number.is_multiple_of(2) => "published",
        true => "eventType",
        false => "profile",
    };
    members.insert(field.to_owned(), json!(7));
}

/// A listing with one item spoiled, whose number counts round; `None` when the text is no listing or an empty one.
pub(super) fn spoil_one(listing: &[u8], number: usize) -> Option<Vec<u8>> {
    let mut items: Vec<Value> = serde_json::from_slice(listing).ok()?;
    let at = number.checked_rem(items.len())?;
    spoil(items.get_mut(at)?, number);
    serde_json::to_vec(&items).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn corrupted_item_keeps_its_id() {
        let listing = br#"[{"id":"a","profile":{}},{"id":"b","profile":{}}]"#;
        let spoiled: Value = serde_json::from_slice(&spoil_one(listing, 3).unwrap()).unwrap();
        assert_eq!(spoiled, json!([{"id": "a", "profile": {}}, {"id": "b", "profile": 7}]));
    }

    #[test]
    fn empty_list_and_object_stay_intact() {
        assert_eq!(spoil_one(b"[]", 1), None);
        assert_eq!(spoil_one(b"{}", 1), None);
    }
}
