//! Groups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{GroupProfile, id, null_as_default, open_enum, or_default, time_or_none};

open_enum!(
    /// Who manages a group.
    GroupType {
        /// Okta, directly or by group rules.
        OktaGroup = "OKTA_GROUP",
        /// An application or directory that it was imported from.
        AppGroup = "APP_GROUP",
        /// Okta itself; nobody can change it.
        BuiltIn = "BUILT_IN",
    }
);

/// A group. Names need not be unique; `id` is. Only id, type, and profile are needed: any other member of another kind
/// than documented reads as absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Group {
    /// The immutable id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Who manages it.
    #[serde(rename = "type")]
    pub kind: GroupType,
    /// Which profile it has.
    #[serde(default, deserialize_with = "or_default")]
    pub object_class: Vec<String>,
    /// When it was created.
    #[serde(default, deserialize_with = "time_or_none")]
    pub created: Option<Timestamp>,
    /// When the profile changed last.
    #[serde(default, deserialize_with = "time_or_none")]
    pub last_updated: Option<Timestamp>,
    /// When the members changed last.
    #[serde(default, deserialize_with = "time_or_none")]
    pub last_membership_updated: Option<Timestamp>,
    /// Name, description and custom attributes.
    #[serde(default, deserialize_with = "null_as_default")]
    pub profile: GroupProfile,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Group {
    /// Whether it is the built-in group of all users.
    pub fn is_everyone(&self) -> bool {
        self.kind == GroupType::BuiltIn && self.profile.name() == Some("Everyone")
    }

    /// The number of members, of a group that was listed with its statistics.
    pub fn users_count(&self) -> Option<u64> {
        self.rest.get("_embedded")?.get("stats")?.get("usersCount")?.as_u64()
    }

    /// The id of the application that an imported group comes from.
    pub fn source_app_id(&self) -> Option<&str> {
        let source = self.rest.get("source").and_then(|s| s.get("id")).and_then(Value::as_str);
        source.or_else(|| {
            let href = self.rest.get("_links")?.get("source")?.get("href")?.as_str()?;
            href.trim_end_matches('/').rsplit('/').next()
        })
    }
}
