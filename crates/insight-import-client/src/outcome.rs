//! What became of the records of an execution.

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::text::one_line;

/// What became of the records of one object type.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct TypeOutcome {
    /// The object type's ID: another one where the type was made anew under its name.
    #[serde(skip)]
    pub object_type_id: String,
    /// The object type's name.
    #[serde(deserialize_with = "null_as_default")]
    pub object_type_name: String,
    /// How many entries arrived.
    #[serde(deserialize_with = "null_as_default")]
    pub entries_in_source: u64,
    /// How many became new objects.
    #[serde(rename = "objectsCreated", deserialize_with = "null_as_default")]
    pub created: u64,
    /// How many changed an object.
    #[serde(rename = "objectsUpdated", deserialize_with = "null_as_default")]
    pub updated: u64,
    /// How many matched their object already.
    #[serde(rename = "objectsIdentical", deserialize_with = "null_as_default")]
    pub identical: u64,
    /// How many objects changed because the import did not hold them.
    #[serde(rename = "objectsMissingUpdated", deserialize_with = "null_as_default")]
    pub missing_updated: u64,
    /// How many objects were deleted because the import did not hold them. Anything but 0 needs a look: the import
    /// source removes missing objects.
    #[serde(rename = "objectsMissingDeleted", deserialize_with = "null_as_default")]
    pub missing_deleted: u64,
    /// How many were left out by a filter of the import source.
    #[serde(rename = "objectsFilteredWithQlQuery", deserialize_with = "null_as_default")]
    pub filtered: u64,
    /// How many objects got other references.
    #[serde(rename = "objectsWithUpdatedReferences", deserialize_with = "null_as_default")]
    pub references_updated: u64,
    /// How many had the identity of another entry. Misspelt so by Assets.
    #[serde(rename = "duplicateEnries", deserialize_with = "null_as_default")]
    pub duplicates: u64,
    /// How many had no label.
    #[serde(rename = "emptyLabelEntries", deserialize_with = "null_as_default")]
    pub empty_labels: u64,
    /// How many had no identity.
    #[serde(rename = "emptyExternalIdEntries", deserialize_with = "null_as_default")]
    pub empty_ids: u64,
    /// How many errors there were.
    #[serde(deserialize_with = "null_as_default")]
    pub error_count: u64,
    /// What Assets said, in whatever shape it said it.
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

    /// Why entries were dropped, as far as the counters tell.
    pub fn complaints(&self) -> Vec<String> {
        let counted = [
            (self.duplicates, "entry", "entries", " with the identity of another"),
            (self.empty_labels, "entry", "entries", " without a label"),
            (self.empty_ids, "entry", "entries", " without an identity"),
            (self.filtered, "entry", "entries", " left out by a filter of the import source"),
            (self.error_count, "error", "errors", ""),
        ];
        let counted = counted.into_iter().filter(|(n, ..)| *n > 0);
        let counted =
            counted.map(|(n, one, many, how)| format!("{n} {}{how}", if n == 1 { one } else { many }));
        counted.chain(self.messages.iter().cloned()).collect()
    }
}

/// How an execution ended. Read it: an execution that is done may still have dropped records.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Whether Assets calls it a success.
    pub ok: bool,
    /// The ID of the object schema that it filled, as `progressResult.objectSchemaId` tells it.
    pub object_schema_id: Option<String>,
    /// What became of the records, by object type.
    pub types: Vec<TypeOutcome>,
    /// What Assets said about the whole.
    pub messages: Vec<String>,
}

impl Outcome {
    /// Whether every record that was sent is an object now, and nobody complained.
    pub fn is_clean(&self) -> bool {
        let fine = |t: &TypeOutcome| t.unaccounted() == 0 && t.error_count == 0 && t.messages.is_empty();
        self.ok && self.messages.is_empty() && self.types.iter().all(fine)
    }

    /// Records that were dropped.
    pub fn dropped(&self) -> u64 {
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

/// An ID, which is a number in some answers and a text in others.
fn id(value: &Value) -> Option<String> {
    let id = value.as_str().map(str::to_owned).or_else(|| value.as_u64().map(|id| id.to_string()));
    id.filter(|id| !id.is_empty())
}

/// The most texts that are kept of an answer.
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
        assert_eq!((outcome.types[0].unaccounted(), outcome.dropped()), (0, u64::MAX));
    }

    #[test]
    fn messages_stay_on_a_line() {
        let outcome = Outcome::read(&json!({"errorMessages": ["a\u{1b}[2J\n\u{202e}b", "x".repeat(5000)]}));
        assert_eq!(outcome.messages[0], "a [2J b");
        assert!(outcome.messages[1].chars().count() < 400);
    }

    #[test]
    fn entries_that_are_not_accounted_for_are_counted() {
        let outcome = Outcome::read(&json!({"result": "OK", "objectTypeResultMap": {"102": {
            "objectTypeName": "Okta User", "entriesInSource": 500, "objectsCreated": 5, "objectsUpdated": 12,
            "objectsIdentical": 480, "duplicateEnries": 1, "emptyLabelEntries": 1, "emptyExternalIdEntries": 1,
            "errorMessages": null }}}));
        assert_eq!(outcome.types[0].unaccounted(), 3);
        assert_eq!(outcome.types[0].complaints().len(), 3);
    }
}
