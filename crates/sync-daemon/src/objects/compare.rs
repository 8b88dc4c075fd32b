//! Compares the last record sent with Assets, field by field.

use std::collections::{BTreeSet, HashMap};

use admin_api::{FieldComparison, FieldMatch};
use connectors::sent;
use insight_import_client::account::ObjectValue;
use insight_import_client::document::AttributeType;
use jiff::Timestamp;
use schema_mapper::{MappedAttribute, Source};
use serde_json::Value;
use sync_engine::TargetObjects;
use sync_model::{ObjectKind, Record, RecordKey};

use crate::objects::assets::Seen;
use crate::objects::lookup::{PATIENCE, Through};

/// The maximum number of references that are looked up; above it, they are only counted.
const MAX_LOOKUPS: usize = 200;

pub(super) async fn fields(
    key: &RecordKey,
    sent: Option<&Record>,
    now: Option<&Record>,
    seen: &Seen,
    through: Option<&Through>,
) -> Vec<FieldComparison> {
    let Some(through) = through else { return unnamed(sent) };
    let mapped = through.mapping.attributes(key.kind);
    let known = match (sent, seen.object()) {
        (Some(sent), Some(_)) => referred(through, mapped, sent).await,
        _ => None,
    };
    let of = |record: Option<&Record>, field: &str| record.and_then(|r| r.fields.get(field)).cloned();
    mapped
        .iter()
        .map(|attribute| {
            let sent_value = of(sent, &attribute.locator);
            let values = seen.object().and_then(|object| object.values.get(&attribute.name));
            let agreement = match (&sent_value, values) {
                (Some(value), Some(values)) => match sent::target(attribute) {
                    Some(kind) => refers(value, values, kind, known.as_ref()),
                    None => agree(&attribute.kind, value, values),
                },
                _ => FieldMatch::Unknown,
            };
            FieldComparison {
                field: attribute.locator.clone(),
                okta: Some(okta_name(attribute)),
                attribute: Some(attribute.name.clone()),
                in_record: sent_value,
                // A group's own resource doesn't contain its members.
                in_okta: of(now, &attribute.locator).filter(|_| attribute.source != Source::Members),
                in_assets: values.map(|values| values.iter().map(shown).collect()),
                field_match: agreement,
                refers_to: sent.or(now).and(sent::target(attribute)),
            }
        })
        .collect()
}

/// The keys in Assets of the objects that a record refers to; `None` if there are too many, or if they can't be read.
async fn referred(
    through: &Through,
    mapped: &[MappedAttribute],
    sent: &Record,
) -> Option<HashMap<RecordKey, Vec<String>>> {
    let keys = sent::referred([sent], mapped);
    if keys.is_empty() {
        return Some(HashMap::new());
    }
    if keys.len() > MAX_LOOKUPS {
        return None;
    }
    let keys: Vec<RecordKey> = keys.into_iter().collect();
    let found = tokio::time::timeout(PATIENCE, through.assets.as_ref()?.find(&keys)).await;
    found.ok()?.ok()
}

/// The fields by their names in the record, while their attribute names are unknown.
fn unnamed(sent: Option<&Record>) -> Vec<FieldComparison> {
    let fields = sent.map(|record| record.fields.iter()).into_iter().flatten();
    fields
        .map(|(field, value)| FieldComparison {
            field: field.clone(),
            okta: None,
            attribute: None,
            in_record: Some(value.clone()),
            in_okta: None,
            in_assets: None,
            field_match: FieldMatch::Unknown,
            refers_to: None,
        })
        .collect()
}

fn okta_name(attribute: &MappedAttribute) -> String {
    match &attribute.source {
        Source::Profile(name) => name.clone(),
        _ => attribute.locator.clone(),
    }
}

/// A value in readable form: an object by its label and key.
fn shown(value: &ObjectValue) -> String {
    match &value.referenced_object {
        Some(object) if !object.label.is_empty() => format!("{} ({})", object.label, object.object_key),
        _ => value.text().to_owned(),
    }
}

/// True if these objects are the ones referred to.
fn refers(
    sent: &Value,
    values: &[ObjectValue],
    kind: ObjectKind,
    known: Option<&HashMap<RecordKey, Vec<String>>>,
) -> FieldMatch {
    let ids = sent::texts(sent);
    if ids.len() != values.len() {
        return FieldMatch::Different;
    }
    let Some(known) = known else { return FieldMatch::Unknown };
    let there: BTreeSet<&str> =
        values.iter().filter_map(|v| Some(v.referenced_object.as_ref()?.object_key.as_str())).collect();
    let is_there = |id: String| {
        known
            .get(&RecordKey { kind, id })
            .is_some_and(|keys| keys.iter().any(|key| there.contains(key.as_str())))
    };
    if ids.into_iter().all(is_there) { FieldMatch::Equal } else { FieldMatch::Different }
}

/// True if these values equal the value sent, each in the form of its type in Assets.
fn agree(kind: &AttributeType, sent: &Value, values: &[ObjectValue]) -> FieldMatch {
    let sent = sent::texts(sent);
    if *kind == AttributeType::ReferencedObject {
        // The reference is no ID: only its presence can be compared.
        return if sent.is_empty() == values.is_empty() {
            FieldMatch::Unknown
        } else {
            FieldMatch::Different
        };
    }
    let normal = |texts: &[String]| -> Option<BTreeSet<String>> {
        texts.iter().map(|text| normal(kind, text)).collect()
    };
    let there: Vec<String> =
        values.iter().map(|value| value.text().to_owned()).filter(|text| !text.is_empty()).collect();
    match (normal(&sent), normal(&there)) {
        (Some(sent), Some(there)) if sent == there => FieldMatch::Equal,
        // An unknown form says nothing about the value.
        (_, None) if !sent.is_empty() => FieldMatch::Unknown,
        _ => FieldMatch::Different,
    }
}

fn normal(kind: &AttributeType, text: &str) -> Option<String> {
    let text = text.trim();
    Some(match kind {
        AttributeType::DateTime => text.parse::<Timestamp>().ok()?.as_millisecond().to_string(),
        AttributeType::Boolean => text.to_lowercase(),
        AttributeType::Integer | AttributeType::Double => text.parse::<f64>().ok()?.to_string(),
        _ => text.split_whitespace().collect::<Vec<_>>().join(" "),
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
    fn values_are_compared_by_type() {
        use AttributeType::{Boolean, DateTime, Double, ReferencedObject, Select, Text};
        for (kind, sent, there, expected) in [
            (Text, json!("Ada"), &["Ada"][..], FieldMatch::Equal),
            (Text, json!("Ada "), &["Ada"], FieldMatch::Equal),
            (Text, json!("Ada"), &["ada"], FieldMatch::Different),
            (Text, json!(""), &[], FieldMatch::Equal),
            (Text, json!(""), &["Ada"], FieldMatch::Different),
            (Text, json!("Ada"), &[], FieldMatch::Different),
            (Select, json!(["a", "b"]), &["b", "a"], FieldMatch::Equal),
            (Select, json!(["a", "b"]), &["b"], FieldMatch::Different),
            (Boolean, json!(true), &["True"], FieldMatch::Equal),
            (Double, json!(7), &["7.0"], FieldMatch::Equal),
            (Double, json!(7.5), &["7"], FieldMatch::Different),
            (DateTime, json!("2026-03-01T10:30:00.000Z"), &["2026-03-01T12:30:00+02:00"], FieldMatch::Equal),
            (DateTime, json!("2026-03-01T10:30:00.000Z"), &["2026-03-01T10:30:01Z"], FieldMatch::Different),
            (DateTime, json!("2026-03-01T10:30:00.000Z"), &["01/Mar/26 10:30"], FieldMatch::Unknown),
            (ReferencedObject, json!("boss"), &["OKTA-1"], FieldMatch::Unknown),
            (ReferencedObject, json!("boss"), &[], FieldMatch::Different),
        ] {
            assert_eq!(agree(&kind, &sent, &values(there)), expected, "{sent} {there:?}");
        }
    }

    #[test]
    fn references_are_compared_by_object() {
        let value = |key: &str| -> ObjectValue {
            let object = json!({ "id": "1", "objectKey": key, "label": "" });
            serde_json::from_value(json!({ "referencedObject": object })).unwrap()
        };
        let group = |id: &str| RecordKey { kind: ObjectKind::Group, id: id.to_owned() };
        let known = HashMap::from([
            (group("g1"), vec!["OKTA-1".to_owned()]),
            (group("g2"), vec!["OKTA-2".to_owned()]),
        ]);
        let refers = |ids: Value, keys: &[&str], known| {
            let values: Vec<ObjectValue> = keys.iter().map(|key| value(key)).collect();
            refers(&ids, &values, ObjectKind::Group, known)
        };
        assert_eq!(refers(json!(["g2", "g1"]), &["OKTA-1", "OKTA-2"], Some(&known)), FieldMatch::Equal);
        assert_eq!(refers(json!(["g1", "g3"]), &["OKTA-1", "OKTA-2"], Some(&known)), FieldMatch::Different);
        assert_eq!(refers(json!(["g1"]), &["OKTA-2"], Some(&known)), FieldMatch::Different);
        assert_eq!(refers(json!(["g1"]), &["OKTA-2"], None), FieldMatch::Unknown);
        assert_eq!(refers(json!(["g1"]), &[], None), FieldMatch::Different);
        assert_eq!(refers(json!([]), &[], Some(&known)), FieldMatch::Equal);
    }
}
