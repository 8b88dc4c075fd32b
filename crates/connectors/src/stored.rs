//! Proof that Assets holds a record as it was sent: every value of its object is compared.
//!
//! In doubt there is no proof: a form that cannot be compared exactly, a value that Assets may have changed, a second object
//! of the same identity.

use std::collections::{BTreeSet, HashMap};

use insight_import_client::account::ObjectValue;
use insight_import_client::document::AttributeType;
use jiff::Timestamp;
use schema_mapper::MappedAttribute;
use serde_json::Value;
use sync_model::{ObjectKind, Record, RecordKey, is_empty};

use crate::sent::{target, texts};

/// The values of an object for an attribute, by the attribute's name.
type Values = HashMap<String, Vec<ObjectValue>>;
/// The keys of objects in Assets.
type Known = HashMap<RecordKey, Vec<String>>;

/// The referenced objects of a record that Assets doesn't have, if the other values are equal; `None` if they aren't.
/// `known` are its referenced objects.
pub(super) fn holds(
    record: &Record,
    mapped: &[MappedAttribute],
    values: &Values,
    known: &Known,
) -> Option<Vec<RecordKey>> {
    if record.fields.iter().any(|(field, value)| !is_empty(value) && !is_carried(field, mapped)) {
        return None;
    }
    let mut absent = Vec::new();
    for attribute in mapped {
        let Some(sent) = record.fields.get(&attribute.locator) else { continue };
        let there = values.get(&attribute.name).map(Vec::as_slice).unwrap_or_default();
        if attribute.kind != AttributeType::ReferencedObject {
            agrees(&attribute.kind, sent, there).then_some(())?;
        } else if let Some(kind) = target(attribute) {
            absent.extend(refers(sent, there, kind, known)?);
        } else if !is_empty(sent) || !there.is_empty() {
            return None;
        }
    }
    Some(absent)
}

/// True if an attribute contains a field.
fn is_carried(field: &str, mapped: &[MappedAttribute]) -> bool {
    mapped.iter().any(|attribute| attribute.locator == field)
}

/// The objects of a reference that Assets does not have, if it leads to all others and to nothing else.
fn refers(sent: &Value, there: &[ObjectValue], kind: ObjectKind, known: &Known) -> Option<Vec<RecordKey>> {
    let wanted: BTreeSet<String> = texts(sent).into_iter().collect();
    let mut keys: BTreeSet<&str> =
        there.iter().filter_map(|v| Some(v.referenced_object.as_ref()?.object_key.as_str())).collect();
    if keys.len() != there.len() {
        return None;
    }
    let mut absent = Vec::new();
    for id in wanted {
        let key = RecordKey { kind, id };
        match known.get(&key).map(Vec::as_slice) {
            Some([one]) if keys.remove(one.as_str()) => {}
            None => absent.push(key),
            Some(_) => return None,
        }
    }
    keys.is_empty().then_some(absent)
}

fn agrees(kind: &AttributeType, sent: &Value, there: &[ObjectValue]) -> bool {
    let exact = |texts: Vec<String>| -> Option<Vec<String>> {
        let mut texts: Vec<String> = texts.iter().map(|text| exact(kind, text)).collect::<Option<_>>()?;
        texts.sort();
        Some(texts)
    };
    let there = there.iter().map(|value| value.text().to_owned()).filter(|text| !text.is_empty()).collect();
    matches!((exact(texts(sent)), exact(there)), (Some(sent), Some(there)) if sent == there)
}

/// A value in one form, the same for equal values alone; `None` where its type has no such form.
fn exact(kind: &AttributeType, text: &str) -> Option<String> {
    Some(match kind {
        AttributeType::DateTime => text.parse::<Timestamp>().ok()?.as_nanosecond().to_string(),
        AttributeType::Boolean => {
            text.parse::<bool>().or_else(|_| text.to_lowercase().parse()).ok()?.to_string()
        }
        AttributeType::Integer => text.parse::<i64>().ok()?.to_string(),
        AttributeType::Double => text.parse::<f64>().ok()?.to_bits().to_string(),
        _ => text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn values(texts: &[&str]) -> Vec<ObjectValue> {
        let value = |text: &&str| ObjectValue { value: Some((*text).to_owned()), ..ObjectValue::default() };
        texts.iter().map(value).collect()
    }

    #[test]
    fn only_equal_values_agree() {
        use AttributeType::{Boolean, Date, DateTime, Double, Integer, Select, Text};
        for (kind, sent, there, expected) in [
            (Text, json!("Ada"), &["Ada"][..], true),
            (Text, json!("Ada"), &["ada"], false),
            (Text, json!("Ada  B"), &["Ada B"], false),
            (Text, json!("Ada"), &[], false),
            (Text, json!(""), &[], true),
            (Text, json!(""), &["Ada"], false),
            (Select, json!(["a", "b"]), &["b", "a"], true),
            (Select, json!(["a", "b"]), &["a"], false),
            (Select, json!(["a", "a"]), &["a", "b"], false),
            (Boolean, json!(true), &["True"], true),
            (Boolean, json!(true), &["false"], false),
            (Integer, json!(9_007_199_254_740_993_i64), &["9007199254740992"], false),
            (Double, json!(7), &["7.0"], true),
            (Double, json!(7.5), &["7"], false),
            (Date, json!("2026-03-01"), &["2026-03-01"], true),
            (DateTime, json!("2026-03-01T10:30:00.000Z"), &["2026-03-01T12:30:00+02:00"], true),
            (DateTime, json!("2026-03-01T10:30:00.000Z"), &["01/Mar/26 10:30"], false),
        ] {
            assert_eq!(agrees(&kind, &sent, &values(there)), expected, "{kind:?} {sent} {there:?}");
        }
    }

    #[test]
    fn references_lead_to_one_object_each() {
        let value = |key: &str| -> ObjectValue {
            let object = json!({ "id": "1", "objectKey": key, "label": "" });
            serde_json::from_value(json!({ "referencedObject": object })).unwrap()
        };
        let group = |id: &str| RecordKey { kind: ObjectKind::Group, id: id.to_owned() };
        let known = HashMap::from([
            (group("g1"), vec!["OKTA-1".to_owned()]),
            (group("g2"), vec!["OKTA-2".to_owned()]),
            (group("twins"), vec!["OKTA-3".to_owned(), "OKTA-4".to_owned()]),
        ]);
        for (ids, keys, expected) in [
            (json!(["g2", "g1"]), &["OKTA-1", "OKTA-2"][..], Some(vec![])),
            (json!("g1"), &["OKTA-1"], Some(vec![])),
            (json!(["g1", "g3"]), &["OKTA-1"], Some(vec![group("g3")])),
            (json!(["g1", "g3"]), &["OKTA-1", "OKTA-2"], None),
            (json!(["g1"]), &["OKTA-1", "OKTA-2"], None),
            (json!(["g1"]), &[], None),
            (json!(["twins"]), &["OKTA-3"], None),
            (json!([]), &[], Some(vec![])),
            (json!([]), &["OKTA-1"], None),
        ] {
            let there: Vec<ObjectValue> = keys.iter().map(|key| value(key)).collect();
            assert_eq!(refers(&ids, &there, ObjectKind::Group, &known), expected, "{ids} {keys:?}");
        }
    }
}
