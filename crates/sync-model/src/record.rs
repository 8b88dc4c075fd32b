//! A directory object as Assets should hold it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::fingerprint::Fingerprint;
use crate::ids::{GroupId, UserId};

/// The kind of object that a record describes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectKind {
    /// A group. First, so that groups go before the users that refer to them.
    Group,
    /// A user.
    User,
    /// One user's membership in one group, if memberships are objects.
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
        write!(f, "\"{}\" is not an object kind", self.0)
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

/// The reason for which an object is retired. It is marked, and never deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RetireReason {
    /// Its original was deleted, or the membership has ended.
    Deleted,
    /// Its original exists, but is out of scope.
    OutOfScope,
}

/// The permanent key of an object: its kind and the directory's immutable ID.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct RecordKey {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The Okta ID, unique within the kind.
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

/// A reference to another record by its [reference key](Record::reference_key).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Reference {
    /// The kind of object pointed at.
    pub kind: ObjectKind,
    /// The value that identifies it: mostly its id, for a manager perhaps a login.
    pub reference_key: String,
}

/// A value other than the id by which records may refer to an object, such as a login.
///
/// It is [folded](Self::fold), so that it compares as the directory compares it. Unlike an id it can pass from one object
/// to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alias {
    /// The folded value.
    pub value: String,
    /// True if another object with the same alias has precedence, unless it yields, too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub yields: bool,
}

impl Alias {
    /// The form in which two spellings of one value are equal: without spaces around it, and without regard to case.
    /// Folds beyond ASCII, so that `straße`, `STRASSE`, and `STRAẞE` are one. `None` for a value of spaces alone.
    pub fn fold(text: &str) -> Option<String> {
        // Lower case first, as `ẞ` has no other upper case than itself; upper case next, as it spells `ß` as `SS`.
        let folded = text.trim().to_lowercase().to_uppercase().to_lowercase();
        (!folded.is_empty()).then_some(folded)
    }
}

/// A reference by an [alias](Alias). Before the record is compared and sent, it is resolved to the ID of the only current
/// object with this alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasReference {
    /// The record's field for the ID.
    pub field: String,
    /// The kind of object that is referred to.
    pub kind: ObjectKind,
    /// The folded value of the alias.
    pub alias: String,
    /// The ID that the alias resolves to; `None` if no object or several objects have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// One object as Assets should hold it.
///
/// `fields` are flat and complete: every mapped field is present, empty ones as `""` or `[]`, because an absent field
/// would leave the old value in Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The object's key.
    pub key: RecordKey,
    /// The values by field name.
    pub fields: BTreeMap<String, Value>,
    /// The value by which other records refer to this one.
    pub reference_key: String,
    /// The records that this one refers to, sorted and without repeats.
    pub references: Vec<Reference>,
    /// The alias of the current object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<Alias>,
    /// The record that this one refers to by such a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_reference: Option<AliasReference>,
}

impl Record {
    /// A hash that distinguishes changed records. Aliases count, so that other records find the directory's last
    /// values; IDs and empty fields don't.
    pub fn fingerprint(&self) -> Fingerprint {
        if self.alias.is_none() && self.alias_reference.is_none() {
            return Fingerprint::of(&self.fields);
        }
        let mut content = self.fields.clone();
        // No field is called like that: a locator has no space.
        content.insert("the alias".to_owned(), serde_json::json!(self.alias));
        let named = self.alias_reference.as_ref().map(|reference| (&reference.field, &reference.alias));
        content.insert("the alias referred to".to_owned(), serde_json::json!(named));
        Fingerprint::of(&content)
    }

    /// Refers to the object that its alias reference resolved to, or to none.
    pub fn resolve(&mut self, id: Option<String>) {
        let Some(reference) = &mut self.alias_reference else { return };
        let (field, kind) = (&reference.field, reference.kind);
        if let Some(before) = reference.id.take() {
            self.references.retain(|known| known.kind != kind || known.reference_key != before);
        }
        self.fields.insert(field.clone(), Value::from(id.as_deref().unwrap_or_default()));
        if let Some(value) = &id {
            self.references.push(Reference { kind, reference_key: value.clone() });
            self.references.sort_unstable();
            self.references.dedup();
        }
        reference.id = id;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn worker() -> Record {
        let reference = AliasReference {
            field: "manager".into(),
            kind: ObjectKind::User,
            alias: "boss".into(),
            id: None,
        };
        Record {
            key: RecordKey { kind: ObjectKind::User, id: "u1".into() },
            fields: BTreeMap::from([("manager".into(), "".into())]),
            reference_key: "u1".into(),
            references: vec![Reference { kind: ObjectKind::Group, reference_key: "g1".into() }],
            alias: None,
            alias_reference: Some(reference),
        }
    }

    #[test]
    fn alias_folds_case_and_spaces() {
        for (one, other) in [
            (" Boss@Example.com\u{a0}", "boss@example.com"),
            ("STRASSE", "straße"),
            ("STRA\u{1e9e}E", "straße"),
            ("İpek", "i\u{307}pek"),
            ("ΟΔΟΣ", "οδος"),
        ] {
            assert_eq!(Alias::fold(one), Alias::fold(other), "{one} and {other}");
        }
        assert_ne!(Alias::fold("boss"), Alias::fold("bos"));
        assert_eq!(Alias::fold(" \t"), None);
    }

    #[test]
    fn resolving_replaces_the_reference() {
        let mut record = worker();
        let unresolved = record.fingerprint();
        record.resolve(Some("u2".into()));
        let user = |id: &str| Reference { kind: ObjectKind::User, reference_key: id.into() };
        assert_eq!(record.references[1..], [user("u2")]);
        assert_ne!(record.fingerprint(), unresolved);
        record.resolve(Some("u3".into()));
        assert_eq!((&record.fields["manager"], &record.references[1..]), (&"u3".into(), &[user("u3")][..]));
        record.resolve(None);
        assert_eq!(record, worker());
    }

    #[test]
    fn fingerprint_covers_both_aliases() {
        let mut other = worker();
        other.alias = Some(Alias { value: "worker".into(), yields: false });
        assert_ne!(other.fingerprint(), worker().fingerprint());
        let mut another = worker();
        another.alias_reference.as_mut().unwrap().alias = "chief".into();
        assert_ne!(another.fingerprint(), worker().fingerprint());
    }
}
