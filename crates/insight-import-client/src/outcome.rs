//! The results of an execution's records.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::text::one_line;

/// The results of the records of one object type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeOutcome {
    /// The object type's ID, which changes if the type is created again with the same name.
    #[serde(skip)]
    pub object_type_id: String,
    /// The object type's name.
    #[serde(deserialize_with = "null_as_default")]
    pub object_type_name: String,
    /// The number of received entries.
    #[serde(deserialize_with = "null_as_default")]
    pub entries_in_source: u64,
    /// The number of created objects.
    #[serde(rename = "objectsCreated", deserialize_with = "null_as_default")]
    pub created: u64,
    /// The number of updated objects.
    #[serde(rename = "objectsUpdated", deserialize_with = "null_as_default")]
    pub updated: u64,
    /// The number of identical objects.
    #[serde(rename = "objectsIdentical", deserialize_with = "null_as_default")]
    pub identical: u64,
    /// The number of objects that changed because the import didn't contain them.
    #[serde(rename = "objectsMissingUpdated", deserialize_with = "null_as_default")]
    pub missing_updated: u64,
    /// The number of objects that were deleted because the import didn't contain them. Any other number than 0 means
    /// that the import source deletes missing objects.
    #[serde(rename = "objectsMissingDeleted", deserialize_with = "null_as_default")]
    pub missing_deleted: u64,
    /// The number of entries that a filter of the import source left out.
    #[serde(rename = "objectsFilteredWithQlQuery", deserialize_with = "null_as_default")]
    pub filtered: u64,
    /// The number of objects with changed references.
    #[serde(rename = "objectsWithUpdatedReferences", deserialize_with = "null_as_default")]
    pub references_updated: u64,
    /// The number of entries with the identity of another entry. The misspelling is Atlassian's.
    #[serde(rename = "duplicateEnries", deserialize_with = "null_as_default")]
    pub duplicates: u64,
    /// The number of entries without a label.
    #[serde(rename = "emptyLabelEntries", deserialize_with = "null_as_default")]
    pub empty_labels: u64,
    /// The number of entries without an identity.
    #[serde(rename = "emptyExternalIdEntries", deserialize_with = "null_as_default")]
    pub empty_ids: u64,
    /// The number of errors.
    #[serde(deserialize_with = "null_as_default")]
    pub error_count: u64,
    /// The messages from Assets, in any form.
    #[serde(rename = "errorMessages", deserialize_with = "any_texts")]
    pub messages: Vec<String>,
}

impl TypeOutcome {
    /// Entries that are neither created, updated nor identical: they were dropped.
    pub const fn unaccounted(&self) -> u64 {
        self.entries_in_source
            .saturating_sub(self.created)
            .saturating_sub(self.updated)
            .saturating_sub(self.identical)
    }

    /// The reasons of dropped entries, according to the counters.
    pub fn messages(&self) -> Vec<String> {
        let counted = [
            (self.duplicates, "entry", "entries", " with the identity of another entry"),
            (self.empty_labels, "entry", "entries", " without a label"),
            (self.empty_ids, "entry", "entries", " without an identity"),
            (self.filtered, "entry", "entries", " excluded by a filter of the import source"),
            (self.error_count, "error", "errors", ""),
        ];
        let counted = counted.into_iter().filter(|(n, ..)| *n > 0);
        let counted =
            counted.map(|(n, one, many, how)| format!("{n} {}{how}", if n == 1 { one } else { many }));
        counted.chain(self.messages.iter().cloned()).collect()
    }
}

/// The outcome of an execution. Check it: a finished execution may still have dropped records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// True if Assets reports success.
    pub ok: bool,
    /// The ID of the object schema that it filled, from `progressResult.objectSchemaId`.
    pub object_schema_id: Option<String>,
    /// The results by object type.
    pub types: Vec<TypeOutcome>,
    /// The messages from Assets about the execution.
    pub messages: Vec<String>,
}

impl Outcome {
    /// True if every sent record is an object now, and there are no messages.
    pub fn is_clean(&self) -> bool {
        let fine = |t: &TypeOutcome| t.unaccounted() == 0 && t.error_count == 0 && t.messages.is_empty();
        self.ok && self.messages.is_empty() && self.types.iter().all(fine)
    }

    /// Records that were dropped.
    pub fn rejected(&self) -> u64 {
        self.types.iter().map(TypeOutcome::unaccounted).fold(0, u64::saturating_add)
    }

    pub(crate) fn read(progress: &Value) -> Self {
        let types = progress.get("objectTypeResultMap").and_then(Value::as_object);
        Self {
            // Absent on some runs that went well.
            ok: progress.get("result").and_then(Value::as_str).is_none_or(|result| result == "OK"),
            object_schema_id: progress.get("objectSchemaId").and_then(id),
            types: types
                .into_iter()
                .flatten()
                .filter_map(|(id, t)| {
                    let known = TypeOutcome::deserialize(t).ok()?;
                    Some(TypeOutcome { object_type_id: id.clone(), ..known })
                })
                .collect(),
            messages: progress.get("errorMessages").map(texts).unwrap_or_default(),
        }
    }
}

/// An ID, which is a number in some responses and text in others.
fn id(value: &Value) -> Option<String> {
    let id = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()));
    id.filter(|id| !id.is_empty())
}

/// The maximum number of texts from a response.
const MOST_TEXTS: usize = 100;

/// Every text in a value of unknown shape, each on a line; not without end.
pub(crate) fn texts(value: &Value) -> Vec<String> {
    let mut texts = every_text(value);
    texts.truncate(MOST_TEXTS);
    texts.iter().map(|text| one_line(text)).filter(|text| !text.is_empty()).collect()
}

fn every_text(value: &Value) -> Vec<String> {
    match value {
        Value::Null => Vec::new(),
        Value::String(text) if text.is_empty() => Vec::new(),
        Value::String(text) => vec![text.clone()],
        Value::Array(items) => items.iter().flat_map(every_text).collect(),
        Value::Object(members) => members
            .iter()
            .flat_map(|(name, value)| {
                every_text(value).into_iter().map(move |text| format!("{name}: {text}"))
            })
            .collect(),
        Value::Bool(_) | Value::Number(_) => vec![value.to_string()],
    }
}

fn any_texts<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<String>, D::Error> {
    Value::deserialize(input).map(|value| texts(&value))
}

fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn messages_are_read_in_any_shape() {
        for (shape, expected) in [
            (json!(null), vec![]),
            (json!("bad"), vec!["bad"]),
            (json!(["bad", {"row": "worse"}]), vec!["bad", "row: worse"]),
            (json!({"Login": ["too long", 3]}), vec!["Login: too long", "Login: 3"]),
        ] {
            let outcome = Outcome::read(&json!({"result": "OK", "errorMessages": shape}));
            assert_eq!(outcome.messages, expected);
        }
    }

    #[test]
    fn absurd_counters_do_not_overflow() {
        let most =
            json!({"entriesInSource": u64::MAX, "objectsCreated": u64::MAX, "objectsUpdated": u64::MAX});
        let none = json!({"entriesInSource": u64::MAX});
        let outcome = Outcome::read(&json!({"objectTypeResultMap": {"1": most, "2": none, "3": none}}));
        assert_eq!((outcome.types[0].unaccounted(), outcome.rejected()), (0, u64::MAX));
    }

    #[test]
    fn messages_stay_on_a_line() {
        let outcome = Outcome::read(&json!({"errorMessages": ["a\u{1b}[2J\n\u{202e}b", "x".repeat(5000)]}));
        assert_eq!(outcome.messages[0], "a [2J b");
        assert!(outcome.messages[1].chars().count() < 400);
    }

    #[test]
    fn unaccounted_entries_are_counted() {
        let outcome = Outcome::read(&json!({"result": "OK", "objectTypeResultMap": {"102": {
            "objectTypeName": "Okta User", "entriesInSource": 500, "objectsCreated": 5, "objectsUpdated": 12,
            "objectsIdentical": 480, "duplicateEnries": 1, "emptyLabelEntries": 1, "emptyExternalIdEntries": 1,
            "errorMessages": null }}}));
        assert_eq!(outcome.types[0].unaccounted(), 3);
        assert_eq!(outcome.types[0].messages().len(), 3);
    }
}
