//! Members with a value of an undocumented type.

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// A member of a user or group that may be missing. Each is needed only by those that use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Member {
    /// `activated`
    Activated,
    /// `created`
    Created,
    /// `lastLogin`
    LastLogin,
    /// `lastMembershipUpdated`
    LastMembershipUpdated,
    /// `lastUpdated`
    LastUpdated,
    /// `objectClass`
    ObjectClass,
    /// `passwordChanged`
    PasswordChanged,
    /// `source`, of a group that was imported
    Source,
    /// `status`, of a user
    Status,
    /// `statusChanged`
    StatusChanged,
    /// `type`, of a user
    UserType,
    /// `type`, of a group
    GroupType,
}

impl Member {
    /// Okta's own name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Activated => "activated",
            Self::Created => "created",
            Self::LastLogin => "lastLogin",
            Self::LastMembershipUpdated => "lastMembershipUpdated",
            Self::LastUpdated => "lastUpdated",
            Self::ObjectClass => "objectClass",
            Self::PasswordChanged => "passwordChanged",
            Self::Source => "source",
            Self::Status => "status",
            Self::StatusChanged => "statusChanged",
            Self::UserType | Self::GroupType => "type",
        }
    }
}

/// A member with a value of an undocumented type. It is read as absent; code that uses the member must check this first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OddMember {
    /// The member.
    pub member: Member,
    /// The kind of value that was found: `text`, `a number`, …
    pub found: &'static str,
}

/// A member that is there, is missing or `null`, or holds another value than documented.
#[derive(Debug, Default)]
pub(super) enum Lenient<T> {
    #[default]
    Absent,
    Read(T),
    Odd(&'static str),
}

impl<T> Lenient<T> {
    /// The value; an odd one is noted.
    pub(super) fn or_note(self, member: Member, odd: &mut Vec<OddMember>) -> Option<T> {
        match self {
            Self::Absent => None,
            Self::Read(value) => Some(value),
            Self::Odd(found) => {
                odd.push(OddMember { member, found });
                None
            }
        }
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(input)?;
        if value.is_null() {
            return Ok(Self::Absent);
        }
        let found = kind_of(Some(&value));
        Ok(T::deserialize(value).map_or(Self::Odd(found), Self::Read))
    }
}

/// A time that may be missing.
pub(super) type Time = Lenient<Timestamp>;

/// The kind of a value, as messages name it.
pub(crate) const fn kind_of(value: Option<&Value>) -> &'static str {
    match value {
        None => "nothing",
        Some(Value::Null) => "null",
        Some(Value::Bool(_)) => "a boolean",
        Some(Value::Number(_)) => "a number",
        Some(Value::String(_)) => "text",
        Some(Value::Array(_)) => "a list",
        Some(Value::Object(_)) => "an object",
    }
}
