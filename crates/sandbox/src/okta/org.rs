//! The content of the org.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::clock;
use jiff::Timestamp;
use serde_json::Value;

/// Users, groups, memberships, schemas, and hooks. Objects are stored as Okta returns them, without links.
#[derive(Debug, Default)]
pub(crate) struct Org {
    pub(crate) users: BTreeMap<String, Value>,
    pub(crate) groups: BTreeMap<String, Value>,
    /// Members by group; Everyone is not in here.
    pub(crate) members: HashMap<String, BTreeSet<String>>,
    /// Groups by member.
    pub(crate) memberships: HashMap<String, BTreeSet<String>>,
    pub(crate) user_types: Vec<Value>,
    /// By schema id.
    pub(crate) user_schemas: BTreeMap<String, Value>,
    pub(crate) group_schema: Value,
    pub(crate) hooks: BTreeMap<String, Hook>,
    /// The objects that the current change affects.
    pub(super) touched: Vec<Touch>,
    /// Counts up, for ids.
    pub(crate) serial: u64,
}

/// An event hook with its internal data.
#[derive(Debug, Clone)]
pub(crate) struct Hook {
    pub(crate) shown: Value,
    pub(crate) secret: Option<(String, String)>,
}

/// Something that a change touched.
#[derive(Debug, Clone)]
pub(super) enum Touch {
    User(String),
    Group(String),
    Member { group: String, user: String },
}

impl Org {
    /// The users, groups and memberships alone.
    pub(super) fn directory(&self) -> Self {
        Self {
            users: self.users.clone(),
            groups: self.groups.clone(),
            members: self.members.clone(),
            memberships: self.memberships.clone(),
            ..Self::default()
        }
    }

    /// Removes a user from the org and all groups.
    pub(super) fn remove_user(&mut self, id: &str) {
        self.users.remove(id);
        for group in self.memberships.remove(id).unwrap_or_default() {
            if let Some(members) = self.members.get_mut(&group) {
                members.remove(id);
            }
        }
    }

    /// Removes a group from the org and all rules.
    pub(super) fn remove_group(&mut self, id: &str) {
        self.groups.remove(id);
        for user in self.members.remove(id).unwrap_or_default() {
            if let Some(groups) = self.memberships.get_mut(&user) {
                groups.remove(id);
            }
        }
    }

    /// The id of the group of all users.
    pub(crate) fn everyone(&self) -> Option<&str> {
        let is_everyone = |g: &&Value| g["type"] == "BUILT_IN" && g["profile"]["name"] == "Everyone";
        self.groups.values().find(is_everyone)?["id"].as_str()
    }

    /// True if a user is in Everyone. Deactivated users aren't.
    pub(crate) fn in_everyone(user: &Value) -> bool {
        user["status"] != "DEPROVISIONED"
    }

    /// Every group of a user, Everyone included.
    pub(crate) fn groups_of(&self, user: &str) -> Vec<&str> {
        let everyone = self.users.get(user).filter(|u| Self::in_everyone(u)).and_then(|_| self.everyone());
        self.memberships.get(user).into_iter().flatten().map(String::as_str).chain(everyone).collect()
    }

    pub(crate) fn add_member(&mut self, group: &str, user: &str) -> bool {
        self.memberships.entry(user.to_owned()).or_default().insert(group.to_owned());
        self.members.entry(group.to_owned()).or_default().insert(user.to_owned())
    }

    pub(crate) fn remove_member(&mut self, group: &str, user: &str) -> bool {
        if let Some(groups) = self.memberships.get_mut(user) {
            groups.remove(group);
        }
        self.members.get_mut(group).is_some_and(|members| members.remove(user))
    }

    /// A new ID of a kind, in Okta's format: a prefix and seventeen letters and digits, twenty characters in all.
    pub(crate) fn new_id(&mut self, prefix: &str) -> String {
        self.serial += 1;
        id(prefix, self.serial)
    }

    /// The number of users, groups, and memberships.
    pub(crate) fn counts(&self) -> (usize, usize, usize) {
        let listed: usize = self.members.values().map(BTreeSet::len).sum();
        let everyone = self.everyone().map_or(0, |everyone| self.member_count(everyone));
        (self.users.len(), self.groups.len(), listed + everyone)
    }

    /// The number of members of a group.
    pub(crate) fn member_count(&self, group: &str) -> usize {
        if self.everyone() == Some(group) {
            return self.users.values().filter(|user| Self::in_everyone(user)).count();
        }
        self.members.get(group).map_or(0, BTreeSet::len)
    }
}

/// The n-th id of a kind. Ids grow with n.
pub(crate) fn id(prefix: &str, n: u64) -> String {
    const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
    let mut rest = n;
    let mut text = [b'0'; 13];
    for place in text.iter_mut().rev() {
        // The remainder is below 36.
        *place = DIGITS[usize::try_from(rest % 36).unwrap_or_default()];
        rest /= 36;
    }
    format!("{prefix}{}5d7", String::from_utf8_lossy(&text)).chars().collect()
}

/// A moment as Okta writes it.
pub(crate) fn stamp(time: Timestamp) -> String {
    format!("{time:.3}")
}

pub(crate) fn now() -> String {
    stamp(clock::now())
}
