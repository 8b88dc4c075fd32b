//! The Okta objects that Assets should contain.

use std::collections::BTreeSet;

use serde_json::Value;

/// The configured scope. The default is everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Statuses of users; any when there are none.
    pub status: Vec<String>,
    /// A profile attribute of users, and what it may hold.
    pub profile: Option<(String, Vec<String>)>,
    /// A group that users must be members of. It is chosen itself.
    pub member_of: Option<String>,
    /// The prefixes of the names of groups.
    pub group_prefix: String,
}

impl Scope {
    /// True if a group, as the control API returns it, is in scope.
    pub(super) fn has_group(&self, group: &Value) -> bool {
        let name = group["profile"]["name"].as_str().unwrap_or_default();
        name.starts_with(&self.group_prefix) || group["id"].as_str() == self.member_of.as_deref()
    }

    /// True if a user, as the control API returns it, is in scope.
    pub(super) fn has_user(&self, user: &Value, groups: &BTreeSet<String>) -> bool {
        let status = user["status"].as_str().unwrap_or_default();
        (self.status.is_empty() || self.status.iter().any(|s| s == status))
            && self.profile.as_ref().is_none_or(|(name, values)| {
                values.iter().any(|value| user["profile"][name].as_str().unwrap_or_default() == value)
            })
            && self.member_of.as_ref().is_none_or(|group| groups.contains(group))
    }
}
