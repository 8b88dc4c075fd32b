//! Import sources and their settings.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::model::text_or_number;

/// The import source's handling of empty values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmptyValues {
    /// The object keeps its values.
    Ignore,
    /// The object loses its values.
    Remove,
    /// A value that this version doesn't support, as received.
    Other(String),
}

impl<'de> Deserialize<'de> for EmptyValues {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let word = String::deserialize(input)?;
        Ok(match word.to_uppercase().as_str() {
            "IGNORE" => Self::Ignore,
            "REMOVE" => Self::Remove,
            _ => Self::Other(word),
        })
    }
}

/// The settings of an import source for one object type.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportSourceEntry {
    /// The object type, if the response contains it.
    #[serde(default)]
    pub object_type_name: Option<String>,
    /// The handling of empty values.
    #[serde(default)]
    pub empty_values: Option<EmptyValues>,
    /// The handling of unknown select options and statuses: `IGNORE` or `ADD`.
    #[serde(default)]
    pub unknown_values: Option<String>,
    /// The handling of objects that an import doesn't contain, if the response contains it: `IGNORE`, `UPDATE`, or
    /// `REMOVE`.
    #[serde(default, alias = "missingObjectOutboundType")]
    pub missing_objects: Option<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An import source and its settings.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportSource {
    /// The ID.
    #[serde(deserialize_with = "text_or_number")]
    pub id: String,
    /// The name.
    #[serde(default)]
    pub name: String,
    /// The object schema that it fills.
    #[serde(default, deserialize_with = "text_or_number")]
    pub object_schema_id: String,
    /// The default handling of empty values for object types.
    #[serde(default)]
    pub default_handle_empty_values: Option<EmptyValues>,
    /// The default handling of unknown options for object types.
    #[serde(default)]
    pub default_handle_unknown_values: Option<String>,
    /// True if a token was generated.
    #[serde(default)]
    pub token_generated: Option<bool>,
    /// The settings by object type.
    #[serde(rename = "importSourceOTEntries", default)]
    pub entries: Vec<ImportSourceEntry>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl ImportSource {
    /// True if options that a select attribute doesn't have are dropped, for any object type. `None` if the response
    /// doesn't contain it.
    pub fn ignores_unknown_values(&self) -> Option<bool> {
        let of_types = self.entries.iter().filter_map(|entry| entry.unknown_values.as_ref());
        let mut values: Vec<&String> = of_types.collect();
        if values.is_empty() {
            values.extend(self.default_handle_unknown_values.as_ref());
        }
        (!values.is_empty()).then(|| values.iter().any(|word| word.eq_ignore_ascii_case("IGNORE")))
    }

    /// True if empty values are ignored, for any object type. `None` if the response doesn't contain it.
    pub fn ignores_empty_values(&self) -> Option<bool> {
        let values: Vec<&EmptyValues> = self.entries.iter().filter_map(|e| e.empty_values.as_ref()).collect();
        let values =
            if values.is_empty() { self.default_handle_empty_values.iter().collect() } else { values };
        (!values.is_empty()).then(|| values.contains(&&EmptyValues::Ignore))
    }

    /// True if objects that an import doesn't contain are removed, for any object type. `None` if the response doesn't
    /// contain it.
    pub fn removes_missing_objects(&self) -> Option<bool> {
        let values: Vec<&String> = self.entries.iter().filter_map(|e| e.missing_objects.as_ref()).collect();
        (!values.is_empty()).then(|| values.iter().any(|word| word.eq_ignore_ascii_case("REMOVE")))
    }
}
