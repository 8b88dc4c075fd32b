//! The validation errors of a document.

use std::fmt;

use serde_json::Value;

use crate::text::one_line;

/// One finding, with what is known of its code. Atlassian publishes no list of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValidationError {
    /// The code, as received.
    pub code: String,
    /// The position in the document, as received.
    pub location: Option<String>,
}

/// Code, meaning and remedy.
const KNOWN: [(&str, &str, &str); 7] = [
    (
        "SCHEMA_INVALID_EXTERNAL_ID",
        "an external id belongs to another object type of the site",
        "for a new connection, choose a prefix that no other object schema uses; never change the prefix of a connection that was set up",
    ),
    (
        "EXTERNAL_ID_MISMATCH",
        "an object type of that name exists with another external id",
        "rename one of the two, or import into an empty object schema",
    ),
    (
        "MAPPING_INVALID_EXTERNAL_ID",
        "the mapping names an external id that does not exist in this object schema",
        "submit the schema together with the mapping",
    ),
    (
        "UNKNOWN_EXTERNAL_ID_MAPPING",
        "the mapping names an attribute that imports cannot fill, such as one of type User",
        "map another attribute",
    ),
    ("DUPLICATE_EXTERNAL_ID_ILLEGAL", "an external id stands twice in the document", "make them unique"),
    (
        "UNKNOWN_REFERENCE",
        "a reference leads to an object type that is not in the document",
        "add the object type to the document",
    ),
    (
        "REFERENCED_OBJECT_TYPE_CHANGED",
        "a reference between existing object types was submitted again",
        "leave the existing reference out of the change",
    ),
];

impl ValidationError {
    /// The meaning of the code, as reported by users.
    pub fn explanation(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(code, ..)| *code == self.code).map(|(_, meaning, _)| *meaning)
    }

    /// The remedy.
    pub fn remedy(&self) -> Option<&'static str> {
        KNOWN.iter().find(|(code, ..)| *code == self.code).map(|(.., remedy)| *remedy)
    }

    /// The findings in the body of a 400.
    pub(crate) fn read(body: &Value) -> Vec<Self> {
        let findings = body.get("dataValidationErrors").and_then(Value::as_array);
        findings
            .into_iter()
            .flatten()
            .map(|finding| Self {
                code: finding.get("code").and_then(Value::as_str).map_or_else(|| "unknown".into(), one_line),
                location: finding.as_object().and_then(location),
            })
            .collect()
    }
}

/// All fields except the code. Their names are undocumented, so none is left out.
fn location(finding: &serde_json::Map<String, Value>) -> Option<String> {
    let shown = |(name, value): (&String, &Value)| {
        format!("{name}: {}", value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    };
    let parts: Vec<String> = finding.iter().filter(|(name, _)| *name != "code").map(shown).collect();
    (!parts.is_empty()).then(|| one_line(&parts.join(", ")))
}

impl fmt::Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code)?;
        if let Some(location) = &self.location {
            write!(f, " ({location})")?;
        }
        if let (Some(meaning), Some(remedy)) = (self.explanation(), self.remedy()) {
            write!(f, ": {meaning}; {remedy}")?;
        }
        Ok(())
    }
}
