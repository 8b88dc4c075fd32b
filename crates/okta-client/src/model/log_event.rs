//! Events of the System Log, which event hooks deliver too. Nearly every member may be `null` in a real one.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::open_enum::open_enum;
use super::reading::{id, null_as_default, or_default, text_or_none};

open_enum!(
    /// The type of a target or actor.
    TargetType {
        /// A user.
        User = "User",
        /// A group.
        UserGroup = "UserGroup",
        /// An application.
        AppInstance = "AppInstance",
        /// A user in an app.
        AppUser = "AppUser",
        /// The app that sent a request with its own credentials.
        PublicClientApp = "PublicClientApp",
        /// Okta itself.
        SystemPrincipal = "SystemPrincipal",
        /// The schema of a user type.
        UserProfile = "UserProfile",
    }
);

/// An object that an event names.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Target {
    /// The object's ID.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// The type.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: TargetType,
    /// Another name of it: a user's login.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub alternate_id: Option<String>,
    /// The display name.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl fmt::Debug for Target {
    /// Without the names, which are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("id", &self.id).field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// The actor.
pub type Actor = Target;

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// `SUCCESS`, `FAILURE`, …; the case varies.
    #[serde(default, deserialize_with = "text_or_none")]
    pub result: Option<String>,
    /// The reason of a failure.
    #[serde(default, deserialize_with = "text_or_none")]
    pub reason: Option<String>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An event in the org. Only its UUID, time, type, and the IDs and types of its targets are required. Any other member of
/// an undocumented type is read as absent.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// The event's ID, the same in the System Log and in deliveries.
    #[serde(deserialize_with = "id")]
    pub uuid: String,
    /// The time of the event in Okta.
    pub published: Timestamp,
    /// The event type in Okta's catalog.
    pub event_type: String,
    /// The severity: `DEBUG`, `INFO`, `WARN`, `ERROR`.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// The event as text.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub display_message: Option<String>,
    /// The actor.
    #[serde(default, deserialize_with = "or_default")]
    pub actor: Option<Actor>,
    /// The outcome.
    #[serde(default, deserialize_with = "or_default")]
    pub outcome: Option<Outcome>,
    /// Whom it was done to. To be found by type, never by position.
    #[serde(default, deserialize_with = "without_nulls")]
    pub target: Vec<Target>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A list of which nothing or some may be `null`.
fn without_nulls<'de, D: Deserializer<'de>>(input: D) -> Result<Vec<Target>, D::Error> {
    let items: Option<Vec<Option<Target>>> = Option::deserialize(input)?;
    Ok(items.unwrap_or_default().into_iter().flatten().collect())
}

impl fmt::Debug for LogEvent {
    /// The event type and the affected objects; addresses, devices, and names are personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogEvent")
            .field("uuid", &self.uuid)
            .field("published", &self.published)
            .field("event_type", &self.event_type)
            .field("target", &self.target)
            .finish_non_exhaustive()
    }
}

impl LogEvent {
    /// The IDs of the targets of a type.
    pub fn targets(&self, kind: &TargetType) -> impl Iterator<Item = &str> {
        self.target.iter().filter(move |t| t.kind == *kind && !t.id.is_empty()).map(|t| t.id.as_str())
    }

    /// The IDs of the affected users.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.targets(&TargetType::User)
    }

    /// The IDs of the affected groups.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.targets(&TargetType::UserGroup)
    }

    /// The names of the attributes that an update of a profile reports as changed. According to Okta, this information is for
    /// debugging: use it to skip work, but not as proof.
    pub fn changed_attributes(&self) -> impl Iterator<Item = &str> {
        let data = self.rest.get("debugContext").and_then(|context| context.get("debugData"));
        let names = data.and_then(|data| data.get("changedAttributes")).and_then(Value::as_str);
        names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// True if the action succeeded. An event without an outcome counts.
    pub fn succeeded(&self) -> bool {
        let result = self.outcome.as_ref().and_then(|outcome| outcome.result.as_deref());
        result.is_none_or(|word| !word.eq_ignore_ascii_case("FAILURE") && !word.eq_ignore_ascii_case("DENY"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(members: &Value) -> LogEvent {
        let mut event = json!({"uuid": "e1", "published": "2026-03-01T10:00:00.000Z", "eventType": "t"});
        event.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn event_targets_are_filtered_by_type() {
        let targets = json!({"target": [null, {"id": "0oa1", "type": "AppInstance"}, {"id": "00g1", "type": "UserGroup"},
            {"id": null, "type": "User"}, {"id": "00u1", "type": "User"}, {"id": "x1", "type": "Later"}]});
        let event = event(&targets);
        assert_eq!(event.users().collect::<Vec<_>>(), ["00u1"]);
        assert_eq!(event.groups().collect::<Vec<_>>(), ["00g1"]);
        assert_eq!(event.targets(&TargetType::Other("Later".into())).collect::<Vec<_>>(), ["x1"]);
    }

    #[test]
    fn outcome_comparison_ignores_case() {
        let succeeded = |result: Value| event(&json!({"outcome": {"result": result}})).succeeded();
        for good in ["SUCCESS", "Success", "success", "ALLOW", "SKIPPED", "UNKNOWN"] {
            assert!(succeeded(good.into()), "{good}");
        }
        for bad in ["FAILURE", "Failure", "deny"] {
            assert!(!succeeded(bad.into()), "{bad}");
        }
        assert!(succeeded(Value::Null) && event(&json!({"outcome": null})).succeeded());
    }

    #[test]
    fn optional_event_fields_may_be_null() {
        let nothing = json!({"actor": null, "outcome": null, "target": null, "severity": null,
            "displayMessage": null, "debugContext": null, "client": null, "transaction": null});
        let event = event(&nothing);
        assert!(
            event.target.is_empty() && event.actor.is_none() && event.changed_attributes().next().is_none()
        );
    }

    #[test]
    fn the_attributes_that_changed_are_named() {
        let debug = json!({"debugContext": {"debugData": {"changedAttributes": "city, department,,title"}}});
        assert_eq!(event(&debug).changed_attributes().collect::<Vec<_>>(), ["city", "department", "title"]);
    }

    #[test]
    fn debug_output_omits_personal_data() {
        let names = json!({"actor": {"id": "00u9", "type": "User", "alternateId": "eve@example.com"},
            "target": [{"id": "00u1", "type": "User", "displayName": "Ada Byron"}],
            "client": {"ipAddress": "203.0.113.7"}});
        let shown = format!("{:?}", event(&names));
        assert!(shown.contains("00u1"), "{shown}");
        assert!(!shown.contains("Ada") && !shown.contains("eve@") && !shown.contains("203.0"), "{shown}");
    }
}
