//! The users and groups that a connection syncs.

use std::collections::{BTreeMap, BTreeSet};

use okta_client::model::{Group, GroupType, Member, OddMember, User, UserStatus};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sync_model::{Fingerprint, GroupId};
use wildmatch::WildMatch;

use crate::mapping::Mapping;

/// Patterns in which `*` matches any text and `?` matches one character; case doesn't matter. A pattern that starts with `!`
/// excludes.
///
/// A text matches if at least one pattern matches it, or all patterns exclude, and no pattern excludes it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Patterns(Vec<String>);

impl Patterns {
    /// True if there are no patterns.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// True if a text matches.
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

/// Users in scope: those that meet all conditions. Without conditions, all users.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct UserScope {
    /// Okta statuses, such as `ACTIVE`.
    pub status: BTreeSet<String>,
    /// User types, by name or display name.
    pub types: BTreeSet<String>,
    /// Patterns for profile attributes, by their names in Okta. An attribute without a value is an empty text; of an array,
    /// at least one value must match.
    pub profile: BTreeMap<String, Patterns>,
    /// IDs of groups; a user must be in at least one. These groups are always in scope.
    pub member_of: BTreeSet<String>,
}

/// Groups in scope: those that meet all conditions. Without conditions, all groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct GroupScope {
    /// Okta group types, such as `OKTA_GROUP`.
    pub types: BTreeSet<String>,
    /// Patterns for the group name.
    pub names: Patterns,
}

/// The users and groups that a connection syncs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct SyncScope {
    /// Users in scope; all by default.
    pub users: UserScope,
    /// Groups in scope; all by default.
    pub groups: GroupScope,
}

/// A condition that no object can meet.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScopeError {
    /// The value doesn't exist in Okta.
    #[error("must be one of {}; got \"{word}\"", known.join(", "))]
    UnknownWord {
        /// The setting, such as `scope.users.status`.
        setting: &'static str,
        /// The invalid value.
        word: String,
        /// The valid values.
        known: Vec<&'static str>,
    },
    /// The value isn't a group ID. Names of groups change and aren't unique.
    #[error(
        "must be the ID of a group, such as 00g1emaKYZTWRYYRRTSK; got \"{0}\"; in the Okta Admin Console, the \
         address of the group's page contains it"
    )]
    NoGroupId(String),
}

impl ScopeError {
    /// The setting that is wrong, such as `scope.users.status`.
    pub const fn setting(&self) -> &'static str {
        match self {
            Self::UnknownWord { setting, .. } => setting,
            Self::NoGroupId(_) => "scope.users.member_of",
        }
    }
}

/// The value of a member that isn't one of Okta's documented values.
const UNKNOWN: &str = "an unknown value";

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
    /// Checks the conditions alone.
    ///
    /// # Errors
    /// When one can never be met.
    pub fn check(&self) -> Result<(), ScopeError> {
        let statuses: Vec<&str> = STATUSES.iter().map(UserStatus::as_str).collect();
        let types: Vec<&str> = GROUP_TYPES.iter().map(GroupType::as_str).collect();
        known("scope.users.status", &self.users.status, &statuses)?;
        known("scope.groups.types", &self.groups.types, &types)?;
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
        let fields = BTreeMap::from([("scope".to_owned(), serde_json::json!(self))]);
        let mut digest = format!("{:?}", Fingerprint::of(&fields));
        digest.truncate(12);
        digest
    }

    /// True if a group is in scope.
    pub fn includes_group(&self, group: &Group) -> bool {
        if self.users.member_of.contains(&group.id) {
            return true;
        }
        let GroupScope { types, names } = &self.groups;
        (types.is_empty() || types.contains(group.kind.as_str()))
            && names.matches(group.profile.name().unwrap_or_default())
    }

    /// True if a user is in scope by its own attributes; [`includes_member_of`](Self::includes_member_of) checks its
    /// groups.
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

    /// The member of a user that a condition requires and that has an invalid value: such a user is neither in scope nor out
    /// of scope.
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

    /// True if members of these groups are in scope by their groups.
    pub fn includes_member_of(&self, groups: &[GroupId]) -> bool {
        let of = &self.users.member_of;
        of.is_empty() || groups.iter().any(|group| of.contains(group.as_str()))
    }

    /// True if membership in a group can bring a user in scope.
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
