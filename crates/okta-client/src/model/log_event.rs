//! Events of the System Log, which event hooks deliver too. Nearly every member may be `null` in a real one.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{null_as_default, open_enum};

open_enum!(
    /// What kind of object a target or actor is.
    TargetType {
        /// A user.
        User = "User",
        /// A group.
        UserGroup = "UserGroup",
        /// An application.
        AppInstance = "AppInstance",
        /// A user as an application knows it.
        AppUser = "AppUser",
        /// The app that made a request with its own credentials.
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
    /// The object's id.
    #[serde(default, deserialize_with = "null_as_default")]
    pub id: String,
    /// What it is.
    #[serde(rename = "type", default, deserialize_with = "null_as_default")]
    pub kind: TargetType,
    /// Another name of it: a user's login.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alternate_id: Option<String>,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
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

/// Who did it.
pub type Actor = Target;

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
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogEvent {
    /// The event's id, the same in the log and in deliveries.
    pub uuid: String,
    /// When it happened.
    pub published: Timestamp,
    /// What happened, by Okta's catalogue.
    pub event_type: String,
    /// How bad it is: `DEBUG`, `INFO`, `WARN`, `ERROR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<String>,
    /// What happened, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_message: Option<String>,
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

impl fmt::Debug for LogEvent {
    /// What happened and to which objects; addresses, devices and names are personal data.
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
    /// The ids of the targets of a type.
    pub fn targets(&self, kind: &TargetType) -> impl Iterator<Item = &str> {
        self.target.iter().filter(move |t| t.kind == *kind && !t.id.is_empty()).map(|t| t.id.as_str())
    }

    /// The ids of the users it was done to.
    pub fn users(&self) -> impl Iterator<Item = &str> {
        self.targets(&TargetType::User)
    }

    /// The ids of the groups it was done to.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.targets(&TargetType::UserGroup)
    }

    /// The names of the attributes that an update of a profile says it changed. Okta calls this a debugging aid: good
    /// for skipping work, not for deciding what is true.
    pub fn changed_attributes(&self) -> impl Iterator<Item = &str> {
        let data = self.rest.get("debugContext").and_then(|context| context.get("debugData"));
        let names = data.and_then(|data| data.get("changedAttributes")).and_then(Value::as_str);
        names.unwrap_or_default().split(',').map(str::trim).filter(|name| !name.is_empty())
    }

    /// Whether something was done. An event without an outcome counts.
    pub fn succeeded(&self) -> bool {
        let result = self.outcome.as_ref().and_then(|outcome| outcome.result.as_deref());
        result.is_none_or(|word| !word.eq_ignore_ascii_case("FAILURE") && !word.eq_ignore_ascii_case("DENY"))
    }
}
