//! The life cycle of users, groups and memberships as Assets statuses.

use insight_import_client::document::{Status, StatusCategory};
use okta_client::model::UserStatus;
use sync_model::{ObjectKind, RetireReason};

/// The status of an object that was deleted in Okta, and of an ended membership.
const DELETED: &str = "Okta Deleted";
/// The status of an object that is no longer in scope.
const OUT_OF_SCOPE: &str = "Okta Out of Scope";
/// A current group or membership, and a user who can sign in.
pub(crate) const ACTIVE: &str = "Okta Active";
/// A status that Okta has added since.
pub(crate) const OTHER: &str = "Okta Other";

const ALL: [(&str, &str, StatusCategory); 11] = [
    (ACTIVE, "The user can sign in", StatusCategory::Active),
    ("Okta Staged", "Created but not activated", StatusCategory::Pending),
    ("Okta Provisioned", "Activated; hasn't signed in yet", StatusCategory::Pending),
    ("Okta Recovery", "A password reset is in progress", StatusCategory::Pending),
    ("Okta Locked Out", "Locked after too many failed sign-in attempts", StatusCategory::Pending),
    ("Okta Password Expired", "The password has expired", StatusCategory::Pending),
    ("Okta Suspended", "Temporarily blocked from signing in", StatusCategory::Inactive),
    ("Okta Deprovisioned", "Deactivated in Okta", StatusCategory::Inactive),
    (DELETED, "No longer exists in Okta", StatusCategory::Inactive),
    (OUT_OF_SCOPE, "No longer in the sync scope", StatusCategory::Inactive),
    (OTHER, "An Okta status that this version doesn't recognize", StatusCategory::Pending),
];

pub(crate) fn all() -> Vec<Status> {
    ALL.map(|(name, description, category)| Status {
        name: name.into(),
        description: description.into(),
        category,
    })
    .to_vec()
}

/// The statuses that objects of a kind can have.
pub(crate) fn of_kind(kind: ObjectKind) -> Vec<String> {
    match kind {
        ObjectKind::User => ALL.map(|(name, ..)| name.to_owned()).to_vec(),
        ObjectKind::Group | ObjectKind::Membership => {
            [ACTIVE, DELETED, OUT_OF_SCOPE].map(str::to_owned).to_vec()
        }
    }
}

/// The status of a retired object.
pub(crate) const fn of_departure(departure: RetireReason) -> &'static str {
    match departure {
        RetireReason::Deleted => DELETED,
        RetireReason::OutOfScope => OUT_OF_SCOPE,
    }
}

/// The Assets status of a user; `None` for an unknown status.
pub(crate) const fn of(status: &UserStatus) -> Option<&'static str> {
    Some(match status {
        UserStatus::Active => ACTIVE,
        UserStatus::Staged => "Okta Staged",
        UserStatus::Provisioned => "Okta Provisioned",
        UserStatus::Recovery => "Okta Recovery",
        UserStatus::LockedOut => "Okta Locked Out",
        UserStatus::PasswordExpired => "Okta Password Expired",
        UserStatus::Suspended => "Okta Suspended",
        UserStatus::Deprovisioned => "Okta Deprovisioned",
        UserStatus::Other(_) => return None,
    })
}
