//! The error of a value that names no user and no group.

use sync_engine::Remedy;
use sync_model::ObjectKind;

/// A value that names no user and no group.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NamedError {
    /// The value cannot name anything.
    #[error("invalid {kind} `{value}`: {why}")]
    Malformed {
        /// The kind of object.
        kind: ObjectKind,
        /// The value.
        value: String,
        /// The reason.
        why: &'static str,
    },
    /// Nothing in Okta has this ID, login, or name.
    #[error("no {kind} in Okta matches `{value}`")]
    Unmatched {
        /// The kind of object.
        kind: ObjectKind,
        /// The value.
        value: String,
    },
    /// Several groups have this name.
    #[error("{} groups in Okta are named `{value}`: {}", ids.len(), ids.join(", "))]
    Ambiguous {
        /// The value.
        value: String,
        /// Their IDs.
        ids: Vec<String>,
    },
}

impl NamedError {
    /// True if the value itself is wrong, regardless of the org's content.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Malformed { .. })
    }

    /// The action that resolves it.
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Malformed { kind: ObjectKind::User, .. }
            | Self::Unmatched { kind: ObjectKind::User, .. } => Remedy::UseUserIdOrLogin,
            Self::Malformed { .. } | Self::Unmatched { .. } => Remedy::UseGroupIdOrName,
            Self::Ambiguous { .. } => Remedy::UseGroupId,
        }
    }
}
