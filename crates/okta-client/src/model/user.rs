//! Users.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{UserProfile, id, null_as_default, open_enum, or_default, time_or_none};

open_enum!(
    /// Where a user is in its life cycle.
    UserStatus {
        /// Created, not activated.
        Staged = "STAGED",
        /// Activated, has not signed in yet.
        Provisioned = "PROVISIONED",
        /// Can sign in.
        Active = "ACTIVE",
        /// A new password was asked for.
        Recovery = "RECOVERY",
        /// Too many failed sign-ins.
        LockedOut = "LOCKED_OUT",
        /// Has to set a new password.
        PasswordExpired = "PASSWORD_EXPIRED",
        /// Kept from signing in for now.
        Suspended = "SUSPENDED",
        /// Deactivated. Can be deleted.
        Deprovisioned = "DEPROVISIONED",
    }
);

/// The user type that a user belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserTypeRef {
    /// The type's id.
    pub id: String,
}

/// A user. `id` never changes; login, email and type can. Only id, status, and profile are needed: any other member of
/// another kind than documented reads as absent.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct User {
    /// The immutable id.
    #[serde(deserialize_with = "id")]
    pub id: String,
    /// Where it is in its life cycle.
    pub status: UserStatus,
    /// When it was created.
    #[serde(default, deserialize_with = "time_or_none")]
    pub created: Option<Timestamp>,
    /// When it was activated.
    #[serde(default, deserialize_with = "time_or_none")]
    pub activated: Option<Timestamp>,
    /// When the status changed last.
    #[serde(default, deserialize_with = "time_or_none")]
    pub status_changed: Option<Timestamp>,
    /// When it signed in last.
    #[serde(default, deserialize_with = "time_or_none")]
    pub last_login: Option<Timestamp>,
    /// When profile or status changed last; memberships do not count.
    #[serde(default, deserialize_with = "time_or_none")]
    pub last_updated: Option<Timestamp>,
    /// When the password changed last.
    #[serde(default, deserialize_with = "time_or_none")]
    pub password_changed: Option<Timestamp>,
    /// The user type.
    #[serde(
        rename = "type",
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "Option::is_none"
    )]
    pub user_type: Option<UserTypeRef>,
    /// Base and custom attributes.
    #[serde(default, deserialize_with = "null_as_default")]
    pub profile: UserProfile,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}
