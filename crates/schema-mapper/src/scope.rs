//! Which users and groups of an org are synchronised.

use std::collections::{BTreeMap, BTreeSet};

use okta_client::model::{Group, GroupType, Member, OddMember, User, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_model::{Fingerprint, GroupId};
use wildmatch::WildMatch;

use crate::Mapping;

/// Texts with `*` for anything and `?` for one character, in whatever case. One that begins with `!` excludes.
///
/// A text fits when it fits one of them, or when there are none but excluding ones, and none of those excludes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a text fits.
    pub fn matches(&self, text: &str) -> bool {
        let fits = |pattern: &str| WildMatch::new_case_insensitive(pattern).matches(text);
        let (mut wanted, mut found) = (false, false);
        for pattern in &self.0 {
            match pattern.strip_prefix('!') {
                Some(excluded) if fits(excluded) => return false,
                Some(_) => {}
                None => {
                    wanted = true;
                    found = found || fits(pattern);
                }
            }
        }
        found || !wanted
    }
}

impl<S: Into<String>> FromIterator<S> for Patterns {
    fn from_iter<I: IntoIterator<Item = S>>(patterns: I) -> Self {
        Self(patterns.into_iter().map(Into::into).collect())
    }
}

/// Which users are synchronised: those that meet every condition. Without conditions, all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UserScope {
    /// Okta's statuses, such as `ACTIVE`.
    pub status: BTreeSet<String>,
    /// User types, by their name or by what people call them.
    pub types: BTreeSet<String>,
    /// What profile attributes must hold, by their names in Okta. An attribute without a value is an empty text; of a
    /// list, one value has to fit.
    pub profile: BTreeMap<String, Patterns>,
    /// Members of one of these groups, by Okta id. These groups are synchronised whatever is chosen of groups.
    pub member_of: BTreeSet<String>,
}

/// Which groups are synchronised: those that meet every condition. Without conditions, all.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupScope {
    /// Okta's group types, such as `OKTA_GROUP`.
    pub types: BTreeSet<String>,
    /// What the name must be.
    pub names: Patterns,
}

/// Which users and groups of an org are synchronised.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct SyncScope {
    /// The users.
    pub users: UserScope,
    /// The groups.
    pub groups: GroupScope,
}

/// A condition that no object can ever meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// Okta has no such word.
    #[error("Okta knows no \"{word}\"; there is {}", known.join(", "))]
    UnknownWord {
        /// The setting, such as `users.status`.
        setting: &'static str,
        /// What it says.
        word: String,
        /// What it may say.
        known: Vec<&'static str>,
    },
    /// Groups are named by id: their names change, and need not be unique.
    #[error(
        "\"{0}\" is not the id of a group such as 00g1emaKYZTWRYYRRTSK; it is in the address of the group's page in the \
         Admin Console"
    )]
    NoGroupId(String),
}

impl ScopeError {
    /// The setting that is wrong, such as `users.status`.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::UnknownWord { setting, .. } => setting,
            Self::NoGroupId(_) => "users.member_of",
        }
    }
}

/// The value of a member that holds none of Okta's words.
const UNKNOWN: &str = "an unknown word";

static STATUSES: [UserStatus; 8] = [
    UserStatus::Staged,
    UserStatus::Provisioned,
    UserStatus::Active,
    UserStatus::Recovery,
    UserStatus::LockedOut,
    UserStatus::PasswordExpired,
    UserStatus::Suspended,
    UserStatus::Deprovisioned,
];
static GROUP_TYPES: [GroupType; 3] = [GroupType::OktaGroup, GroupType::AppGroup, GroupType::BuiltIn];

impl SyncScope {
    /// Checks the conditions by themselves.
    ///
    /// # Errors
    /// When one can never be met.
    pub fn check(&self) -> Result<(), ScopeError> {
        let statuses: Vec<&str> = STATUSES.iter().map(UserStatus::as_str).collect();
        let types: Vec<&str> = GROUP_TYPES.iter().map(GroupType::as_str).collect();
        known("users.status", &self.users.status, &statuses)?;
        known("groups.types", &self.groups.types, &types)?;
        let is_id =
            |id: &&String| id.starts_with("00g") && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        match self.users.member_of.iter().find(|id| !is_id(id)) {
            Some(id) => Err(ScopeError::NoGroupId(id.clone())),
            None => Ok(()),
        }
    }

    /// A short name: the same for the same conditions, and empty when there are none.
    pub fn version(&self) -> String {
        if *self == Self::default() {
            return String::new();
        }
        let fields = BTreeMap::from([("selection".to_owned(), serde_json::json!(self))]);
        let mut digest = format!("{:?}", Fingerprint::of(&fields));
        digest.truncate(12);
        digest
    }

    /// Whether a group is chosen.
    pub fn includes_group(&self, group: &Group) -> bool {
        if self.users.member_of.contains(&group.id) {
            return true;
        }
        let GroupScope { types, names } = &self.groups;
        (types.is_empty() || types.contains(group.kind.as_str()))
            && names.matches(group.profile.name().unwrap_or_default())
    }

    /// Whether a user is chosen, as far as the user alone tells: its groups are for
    /// [`covers_member_of`](Self::covers_member_of).
    pub fn includes_user(&self, user: &User, mapping: &Mapping) -> bool {
        let UserScope { status, types, profile, .. } = &self.users;
        (status.is_empty() || status.contains(user.status.as_str()))
            && (types.is_empty() || mapping.user_type_names(user).iter().any(|name| types.contains(*name)))
            && profile.iter().all(|(name, patterns)| match user.profile.get(name) {
                Some(Value::Array(values)) if !values.is_empty() => {
                    values.iter().any(|value| patterns.matches(&text(value)))
                }
                Some(value) => patterns.matches(&text(value)),
                None => patterns.matches(""),
            })
    }

    /// The member of a user that a condition is about, and that holds no value of Okta's: such a user is neither chosen
    /// nor out of scope.
    pub fn odd_of_user(&self, user: &User) -> Option<OddMember> {
        let UserScope { status, types, .. } = &self.users;
        if !status.is_empty() && !STATUSES.contains(&user.status) {
            return Some(OddMember { member: Member::Status, found: UNKNOWN });
        }
        let untyped = !types.is_empty() && user.user_type.is_none();
        untyped.then_some(OddMember { member: Member::UserType, found: "nothing" })
    }

    /// The same of a group.
    pub fn odd_of_group(&self, group: &Group) -> Option<OddMember> {
        let odd = !self.groups.types.is_empty() && !GROUP_TYPES.contains(&group.kind);
        odd.then_some(OddMember { member: Member::GroupType, found: UNKNOWN })
    }

    /// Whether a member of these groups is chosen, as far as groups matter.
    pub fn includes_member_of(&self, groups: &[GroupId]) -> bool {
        let of = &self.users.member_of;
        of.is_empty() || groups.iter().any(|group| of.contains(group.as_str()))
    }

    /// Whether becoming a member of a group can make a user a chosen one.
    pub fn may_include(&self, group: &GroupId) -> bool {
        self.users == UserScope::default() || self.users.member_of.contains(group.as_str())
    }
}

fn known(setting: &'static str, words: &BTreeSet<String>, known: &[&'static str]) -> Result<(), ScopeError> {
    match words.iter().find(|word| !known.contains(&word.as_str())) {
        Some(word) => Err(ScopeError::UnknownWord { setting, word: word.clone(), known: known.to_vec() }),
        None => Ok(()),
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(_) => String::new(),
        other => other.to_string(),
    }
}
