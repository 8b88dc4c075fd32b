//! Users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::odd::{Lenient, Member, OddMember, Time};
use super::open_enum::open_enum;
use super::profile::UserProfile;
use super::reading::{id, null_as_default};

open_enum!(
    /// The lifecycle status of a user.
    UserStatus {
        /// Created, not activated.
        Staged = "STAGED",
        /// Activated; hasn't signed in yet.
        Provisioned = "PROVISIONED",
        /// Can sign in.
        Active = "ACTIVE",
        /// A password reset is in progress.
        Recovery = "RECOVERY",
        /// Locked after too many failed sign-in attempts.
        LockedOut = "LOCKED_OUT",
        /// The password has expired.
        PasswordExpired = "PASSWORD_EXPIRED",
        /// Temporarily blocked from signing in.
        Suspended = "SUSPENDED",
        /// Deactivated. Can be deleted.
        Deprovisioned = "DEPROVISIONED",
    }
);

/// The user type that a user belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTypeRef {
    /// The ID of the type.
    #[serde(deserialize_with = "id")]
    pub id: String,
}

/// A user. `id` never changes; login, email, and type can. Only `id`, status, and profile are required. Any other member of
/// an undocumented type is listed in [`odd`](Self::odd) and read as absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", from = "Received")]
pub struct User {
    /// The immutable ID.
    pub id: String,
    /// The lifecycle status.
    pub status: UserStatus,
    /// The time of creation.
    pub created: Option<Timestamp>,
    /// When it was activated.
    pub activated: Option<Timestamp>,
    /// The last change of the status.
    pub status_changed: Option<Timestamp>,
    /// The last sign-in.
    pub last_login: Option<Timestamp>,
    /// The last change of the profile or status, but not of memberships.
    pub last_updated: Option<Timestamp>,
    /// The last change of the password.
    pub password_changed: Option<Timestamp>,
    /// The user type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub user_type: Option<UserTypeRef>,
    /// Base and custom attributes.
    pub profile: UserProfile,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
    /// Members with a value of an undocumented type.
    #[serde(skip)]
    pub odd: Vec<OddMember>,
}

/// A user as received.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Received {
    #[serde(deserialize_with = "id")]
    id: String,
    status: UserStatus,
    #[serde(default)]
    created: Time,
    #[serde(default)]
    activated: Time,
    #[serde(default)]
    status_changed: Time,
    #[serde(default)]
    last_login: Time,
    #[serde(default)]
    last_updated: Time,
    #[serde(default)]
    password_changed: Time,
    #[serde(rename = "type", default)]
    user_type: Lenient<UserTypeRef>,
    #[serde(default, deserialize_with = "null_as_default")]
    profile: UserProfile,
    #[serde(flatten)]
    rest: Map<String, Value>,
}

impl From<Received> for User {
    fn from(user: Received) -> Self {
        let mut odd = Vec::new();
        Self {
            id: user.id,
            status: user.status,
            created: user.created.or_note(Member::Created, &mut odd),
            activated: user.activated.or_note(Member::Activated, &mut odd),
            status_changed: user.status_changed.or_note(Member::StatusChanged, &mut odd),
            last_login: user.last_login.or_note(Member::LastLogin, &mut odd),
            last_updated: user.last_updated.or_note(Member::LastUpdated, &mut odd),
            password_changed: user.password_changed.or_note(Member::PasswordChanged, &mut odd),
            user_type: user.user_type.or_note(Member::UserType, &mut odd),
            profile: user.profile,
            rest: user.rest,
            odd,
        }
    }
}
