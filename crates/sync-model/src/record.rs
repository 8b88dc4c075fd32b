//! A directory object as Assets should hold it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Fingerprint, GroupId, UserId};

/// What sort of object a record describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A group. First, so that groups go before the users that refer to them.
    Group,
    /// A user.
    User,
    /// One user's membership of one group, where memberships are objects of their own.
    Membership,
}

impl ObjectKind {
    /// Every kind, in the order in which records are sent.
    pub const ALL: [Self; 3] = [Self::Group, Self::User, Self::Membership];

    /// The word for it in stored data and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Group => "group",
            Self::User => "user",
            Self::Membership => "membership",
        }
    }
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no [`ObjectKind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownObjectKind(String);

impl fmt::Display for UnknownObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" is not a kind of object", self.0)
    }
}

impl std::error::Error for UnknownObjectKind {}

impl FromStr for ObjectKind {
    type Err = UnknownObjectKind;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == word)
            .ok_or_else(|| UnknownObjectKind(word.to_owned()))
    }
}

/// Why an object is not kept current any more. It is marked, and never removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Departure {
    /// Its original no longer exists, or the membership has ended.
    Deleted,
    /// Its original exists, and the operator does not choose it any more.
    OutOfScope,
}

/// What an object is called for ever: its kind and the directory's immutable id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordKey {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The directory's id, unique within the kind.
    pub id: String,
}

impl RecordKey {
    /// The key of a user.
    pub fn user(id: &UserId) -> Self {
        Self { kind: ObjectKind::User, id: id.as_str().to_owned() }
    }

    /// The key of a group.
    pub fn group(id: &GroupId) -> Self {
        Self { kind: ObjectKind::Group, id: id.as_str().to_owned() }
    }
}

impl fmt::Display for RecordKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.id)
    }
}

/// That a record points at another one, by the value the other one [answers to](Record::answers_to).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The kind of object pointed at.
    pub kind: ObjectKind,
    /// The value that identifies it: mostly its id, for a manager perhaps a login.
    pub value: String,
}

/// One object as Assets should hold it.
///
/// `fields` are flat and complete: every mapped field is present, empty ones as `""` or `[]`, because an absent field
/// would leave the old value in Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Which object.
    pub key: RecordKey,
    /// The values by field name.
    pub fields: BTreeMap<String, Value>,
    /// The value by which other records refer to this one.
    pub answers_to: String,
    /// The records that this one refers to, sorted and without repeats.
    pub references: Vec<Reference>,
}

impl Record {
    /// Tells records with the same content apart from changed ones.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(&self.fields)
    }
}

/// Whether a field's value stands for "nothing".
pub fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}
