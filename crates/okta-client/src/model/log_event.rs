//! Events of the System Log, which event hooks deliver too. Nearly every member may be `null` in a real one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::null_as_default;

/// Who did it.
pub type Actor = Target;

/// Whom it was done to.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The object's id.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// What it is: `User`, `UserGroup`, `AppInstance`, …
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: String,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// `SUCCESS`, `FAILURE`, …; the case varies.
    #[serde(default)]
    pub result: Option<String>,
    /// Why it failed.
    #[serde(default)]
    pub reason: Option<String>,
}

/// Something that happened in the org.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// The event's id, the same in the log and in deliveries.
    pub uuid: String,
    /// When it happened.
    pub published: Timestamp,
    /// What happened, by Okta's catalogue.
    pub event_type: String,
    /// Who did it.
    #[serde(default)]
    pub actor: Option<Actor>,
    /// How it went.
    #[serde(default)]
    pub outcome: Option<Outcome>,
    /// Whom it was done to. To be found by type, never by position.
    #[serde(default, deserialize_with = "null_as_default")]
    pub target: Vec<Target>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl LogEvent {
    /// The ids of the targets of a type.
    pub fn targets<'e>(&'e self, kind: &'e str) -> impl Iterator<Item = &'e str> {
        self.target.iter().filter(move |t| t.kind == kind && !t.id.is_empty()).map(|t| t.id.as_str())
    }

    /// Whether something was done. An event without an outcome counts.
    pub fn succeeded(&self) -> bool {
        let result = self.outcome.as_ref().and_then(|outcome| outcome.result.as_deref());
        result.is_none_or(|word| !word.eq_ignore_ascii_case("FAILURE") && !word.eq_ignore_ascii_case("DENY"))
    }
}
