//! The validation errors of a document.

use std::fmt;

use serde_json::Value;

use crate::text::one_line;

/// A validation error, with an explanation of common codes. Atlassian publishes no list of the codes.
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
        "an external ID belongs to another object type of the site",
        "for a new connection, choose a prefix that no other object schema uses; never change the prefix of a connection that was set up",
    ),
    (
        "EXTERNAL_ID_MISMATCH",
        "an object type with this name exists with another external ID",
        "rename one of the two, or import into an empty object schema",
    ),
    (
        "MAPPING_INVALID_EXTERNAL_ID",
        "the mapping contains an external ID that doesn't exist in this object schema",
        "submit the schema together with the mapping",
    ),
    (
        "UNKNOWN_EXTERNAL_ID_MAPPING",
        "the mapping contains an attribute that imports can't fill, such as one of type User",
        "map another attribute",
    ),
    ("DUPLICATE_EXTERNAL_ID_ILLEGAL", "the document contains an external ID twice", "make them unique"),
    (
        "UNKNOWN_REFERENCE",
        "a reference points to an object type that isn't in the document",
        "add the object type to the document",
    ),
    (
        "REFERENCED_OBJECT_TYPE_CHANGED",
        "a reference between existing object types was submitted again",
        "omit the existing reference from the change",
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
