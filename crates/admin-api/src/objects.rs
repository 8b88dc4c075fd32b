//! One object on both sides: in Okta, as it was sent, in Assets, and its history.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sync_engine::{ChangeKind, ConfirmedRecord, OriginRun, Remedy, UnconfirmedRecordDetail};
use sync_model::{ObjectKind, Record, RecordKey, is_empty};

/// Matching objects.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectMatches {
    /// The objects: groups first, then by name.
    pub objects: Vec<ObjectMatch>,
    /// True if there are more than the limit.
    pub has_more: bool,
    /// The error of the search in Okta; `None` if the search succeeded or wasn't necessary.
    pub okta_error: Option<String>,
}

/// A matching object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectMatch {
    /// The object's key.
    pub key: RecordKey,
    /// Its name, if it's known.
    pub name: Option<String>,
    /// True if a record of the object was sent; otherwise only Okta has the object.
    pub synced: bool,
    /// True if the object is retired.
    pub retired: bool,
    /// The last confirmation; `None` if there is none.
    pub confirmed_at: Option<Timestamp>,
    /// True if a record is unconfirmed.
    pub unconfirmed: bool,
    /// The other name that matches the search, if its name doesn't.
    #[serde(default)]
    pub matched_name: Option<String>,
}

/// The origin of a confirmed record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConfirmedRecordView {
    /// The time at which Okta was read for it.
    pub read_at: Timestamp,
    /// The time at which Assets confirmed it.
    pub confirmed_at: Timestamp,
    /// The time of the object's retirement.
    pub retired_at: Option<Timestamp>,
    /// True if it is resent although it didn't change: an object that it refers to was created later.
    pub resend_pending: bool,
    /// The run that sent it; `None` for one from an earlier version.
    pub run: Option<OriginRun>,
}

/// The state of an unconfirmed record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UnconfirmedRecordView {
    /// The change.
    pub change: ChangeKind,
    /// The time at which Okta was read for it.
    pub read_at: Timestamp,
    /// The number of attempts.
    pub attempts: u32,
    /// The message from Assets.
    pub reason: String,
    /// The next attempt.
    pub next_attempt_at: Timestamp,
    /// The last run that sent the record.
    pub run: Option<OriginRun>,
}

impl From<&ConfirmedRecord> for ConfirmedRecordView {
    fn from(object: &ConfirmedRecord) -> Self {
        let ConfirmedRecord {
            record: _,
            reading,
            confirmed_at: confirmed,
            retired_at: gone_since,
            resend_pending: dirty,
            run,
        } = *object;
        Self {
            read_at: reading.at,
            confirmed_at: confirmed,
            retired_at: gone_since,
            resend_pending: dirty,
            run,
        }
    }
}

impl From<&UnconfirmedRecordDetail> for UnconfirmedRecordView {
    fn from(object: &UnconfirmedRecordDetail) -> Self {
        Self {
            change: object.change,
            read_at: object.reading.at,
            attempts: object.attempts,
            reason: object.reason.clone(),
            next_attempt_at: object.next_attempt_at,
            run: object.origin,
        }
    }
}

/// The state of an object in Assets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum AssetsLookup {
    /// Assets has the object; its values are in `fields` of the object.
    Found {
        /// The key, such as `OKTA-12`.
        key: String,
        /// The ID.
        id: String,
        /// The label.
        label: String,
        /// The keys of other objects with the same Okta ID; usually empty.
        duplicates: Vec<String>,
    },
    /// Assets doesn't have the object.
    NotFound,
    /// The object in Assets couldn't be read.
    Unknown {
        /// The reason.
        reason: String,
        /// The action that resolves it.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(no_recursion))]
        remedy: Option<Remedy>,
    },
}

/// The comparison of Assets with the last record sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldMatch {
    /// It has.
    Equal,
    /// It has something else.
    Different,
    /// Nothing was sent, Assets couldn't be read, or the two can't be compared.
    Unknown,
}

/// A field of an object in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldComparison {
    /// The record's field.
    pub field: String,
    /// The name in Okta of a profile attribute or of another field, such as `status`.
    pub okta: Option<String>,
    /// The attribute's name in Assets; `None` if the schemas are unknown.
    pub attribute: Option<String>,
    /// The value in the last record sent; `None` if there is none.
    pub in_record: Option<Value>,
    /// The value in Okta, as it would be sent; `None` if Okta doesn't have the object, or if it is out of scope.
    pub in_okta: Option<Value>,
    /// The displayed value in Assets; `None` if Assets doesn't have the object or can't be read.
    pub in_assets: Option<Vec<String>>,
    /// The comparison of Assets with the last record sent.
    #[serde(rename = "match")]
    pub field_match: FieldMatch,
    /// The kind of the referenced objects; `None` if the values aren't references.
    #[serde(default)]
    pub refers_to: Option<ObjectKind>,
}

impl FieldComparison {
    /// True if a different value would be sent now.
    pub fn is_behind(&self) -> bool {
        match (&self.in_record, &self.in_okta) {
            (Some(sent), Some(now)) => sent != now && !(is_empty(sent) && is_empty(now)),
            _ => false,
        }
    }
}

/// The state of an object in Okta.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum OktaLookup {
    /// Okta has the object.
    Found(Box<OktaObject>),
    /// Okta doesn't have the object: it was deleted or never existed.
    NotFound,
    /// The object in Okta couldn't be read.
    Error {
        /// The reason.
        reason: String,
        /// The action that resolves it.
        #[serde(default)]
        #[cfg_attr(feature = "openapi", schema(no_recursion))]
        remedy: Option<Remedy>,
    },
    /// Okta has no separate object for a membership.
    NotRequested,
}

/// An object as Okta has it.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OktaObject {
    /// The ID.
    pub id: String,
    /// A user's status, such as `ACTIVE`.
    pub status: Option<String>,
    /// A group's type, such as `OKTA_GROUP`, or the name of a user's type; its ID if the schemas are unknown.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The creation.
    pub created_at: Option<Timestamp>,
    /// The activation of a user.
    pub activated: Option<Timestamp>,
    /// The last change of a user's status.
    pub status_changed: Option<Timestamp>,
    /// The last sign-in of a user.
    pub last_login: Option<Timestamp>,
    /// The last change of the profile or status, but not of memberships.
    pub last_updated: Option<Timestamp>,
    /// The last change of a group's members.
    pub last_membership_updated: Option<Timestamp>,
    /// The attributes that have a value, by their names in Okta.
    #[cfg_attr(feature = "openapi", schema(value_type = std::collections::BTreeMap<String, Value>))]
    pub profile: Map<String, Value>,
    /// The groups of a user.
    pub groups: Option<Vec<UserGroup>>,
    /// The number of a group's members; `None` for a user, and if Okta doesn't report it.
    pub members: Option<u64>,
    /// True if it is in scope; `None` while the schemas are unknown.
    pub in_scope: Option<bool>,
    /// The record that would be sent now; its values are in the fields of the object's view.
    #[serde(skip)]
    pub record: Option<Record>,
}

impl std::fmt::Debug for OktaObject {
    /// Without the values, which are personal data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OktaObject")
            .field("id", &self.id)
            .field("status", &self.status)
            .field("selected", &self.in_scope)
            .finish_non_exhaustive()
    }
}

/// A group that a user is a member of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct UserGroup {
    /// The ID.
    pub id: String,
    /// The name.
    pub name: String,
    /// True if it is in scope.
    pub in_scope: bool,
}
