//! Groups.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::odd::{Lenient, Member, OddMember, Time, kind_of};
use super::open_enum::open_enum;
use super::profile::GroupProfile;
use super::reading::{id, null_as_default};

open_enum!(
    /// The type of a group.
    GroupType {
        /// Okta, directly or by group rules.
        OktaGroup = "OKTA_GROUP",
        /// An application or directory that it was imported from.
        AppGroup = "APP_GROUP",
        /// Managed by Okta; it can't be changed.
        BuiltIn = "BUILT_IN",
    }
);

/// A group. Names aren't unique; `id` is. Only `id`, type, and profile are required. Any other member of an undocumented
/// type is listed in [`odd`](Self::odd) and read as absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Received")]
pub struct Group {
    /// The immutable ID.
    pub id: String,
    /// The type.
    #[serde(rename = "type")]
    pub kind: GroupType,
    /// The object classes of its profile.
    pub object_class: Vec<String>,
    /// The time of creation.
    pub created: Option<Timestamp>,
    /// The last change of the profile.
    pub last_updated: Option<Timestamp>,
    /// The last change of the members.
    pub last_membership_updated: Option<Timestamp>,
    /// Name, description and custom attributes.
    pub profile: GroupProfile,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
    /// Members with a value of an undocumented type.
    #[serde(skip)]
    pub odd: Vec<OddMember>,
}

/// A group as received.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    #[serde(deserialize_with = "id")]
    id: String,
    #[serde(rename = "type")]
    kind: GroupType,
    #[serde(default)]
    object_class: Lenient<Vec<String>>,
    #[serde(default)]
    created: Time,
    #[serde(default)]
    last_updated: Time,
    #[serde(default)]
    last_membership_updated: Time,
    #[serde(default, deserialize_with = "null_as_default")]
    profile: GroupProfile,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl From<Received> for Group {
    fn from(group: Received) -> Self {
        let mut odd = Vec::new();
        let source = group.rest.get("source").filter(|source| !source.is_null());
        if let Some(source) = source.filter(|source| !source.get("id").is_some_and(Value::is_string)) {
            odd.push(OddMember { member: Member::Source, found: kind_of(Some(source)) });
        }
        Self {
            id: group.id,
            kind: group.kind,
            object_class: group.object_class.or_note(Member::ObjectClass, &mut odd).unwrap_or_default(),
            created: group.created.or_note(Member::Created, &mut odd),
            last_updated: group.last_updated.or_note(Member::LastUpdated, &mut odd),
            last_membership_updated: group
                .last_membership_updated
                .or_note(Member::LastMembershipUpdated, &mut odd),
            profile: group.profile,
            rest: group.rest,
            odd,
        }
    }
}

impl Group {
    /// True if it is the built-in group of all users.
    pub fn is_everyone(&self) -> bool {
        self.kind == GroupType::BuiltIn && self.profile.name() == Some("Everyone")
    }

    /// The number of members, of a group that was listed with its statistics.
    pub fn users_count(&self) -> Option<u64> {
        self.rest.get("_embedded")?.get("stats")?.get("usersCount")?.as_u64()
    }

    /// The ID of the app that an imported group comes from.
    pub fn source_app_id(&self) -> Option<&str> {
        let source = self.rest.get("source").and_then(|s| s.get("id")).and_then(Value::as_str);
        source.or_else(|| {
            let href = self.rest.get("_links")?.get("source")?.get("href")?.as_str()?;
            href.trim_end_matches('/').rsplit('/').next()
        })
    }
}
