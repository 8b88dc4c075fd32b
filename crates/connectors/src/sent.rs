//! Values of records as they are sent, and the objects that they refer to.

use std::collections::BTreeSet;

use schema_mapper::{MappedAttribute, Source};
use serde_json::Value;
use sync_model::{ObjectKind, Record, RecordKey};

/// The objects that records refer to by ID.
pub fn referred<'r>(
    records: impl IntoIterator<Item = &'r Record>,
    mapped: &[MappedAttribute],
) -> BTreeSet<RecordKey> {
    let of = |record: &'r Record| mapped.iter().map(move |attribute| (record, attribute));
    let values = records
        .into_iter()
        .flat_map(of)
        .filter_map(|(record, attribute)| Some((target(attribute)?, record.fields.get(&attribute.locator)?)));
    values.flat_map(|(kind, value)| texts(value).into_iter().map(move |id| RecordKey { kind, id })).collect()
}

/// The kind of object that an attribute refers to; `None` when it does not.
pub const fn target(attribute: &MappedAttribute) -> Option<ObjectKind> {
    match attribute.source {
        Source::Groups | Source::MembershipGroup => Some(ObjectKind::Group),
        Source::Members | Source::MembershipUser | Source::Manager => Some(ObjectKind::User),
        _ => None,
    }
}

/// The nonempty texts of a value.
pub fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::String(text) => vec![text.clone()],
        Value::Null => Vec::new(),
        other => vec![other.to_string()],
    }
    .into_iter()
    .filter(|text| !text.is_empty())
    .collect()
}
