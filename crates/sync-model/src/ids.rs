//! Opaque identifiers: a group ID can't be used as a user ID.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! opaque_id {
    ($(#[$meta:meta])* $name:ident) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps an ID as its owner assigned it.
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

opaque_id!(
    /// A user of the directory. Never changes, even when the login does.
    UserId
);
opaque_id!(
    /// A group of the directory.
    GroupId
);
opaque_id!(
    /// The ID of an event, the same from each event source; repeated events are dropped.
    EventId
);
opaque_id!(
    /// One execution of the import source.
    ExecutionId
);

/// The ID of a run. IDs increase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct RunId(i64);

impl RunId {
    /// Wraps the store's number.
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The store's number.
    pub const fn get(self) -> i64 {
        self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The name of a connection: 1 to 40 lowercase letters, digits, and hyphens, starting with a letter. It is part of
/// external IDs, paths, and log lines.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(try_from = "String", into = "String")]
pub struct ConnectionName(String);

/// A connection name with other characters than it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidConnectionName(String);

impl fmt::Display for InvalidConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "invalid connection name \"{}\": must be 1 to 40 lowercase letters, digits, and hyphens, starting with a letter",
            self.0
        )
    }
}

impl std::error::Error for InvalidConnectionName {}

impl ConnectionName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ConnectionName {
    type Error = InvalidConnectionName;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        let fits = name.starts_with(|c: char| c.is_ascii_lowercase())
            && name.len() <= 40
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(name)) } else { Err(InvalidConnectionName(name)) }
    }
}

impl From<ConnectionName> for String {
    fn from(name: ConnectionName) -> Self {
        name.0
    }
}

impl fmt::Display for ConnectionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_name_format_is_checked() {
        for good in ["main", "a", "eu-2"] {
            assert!(ConnectionName::try_from(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["", "Main", "2nd", "-a", "with space", "ä", &"x".repeat(41)] {
            assert!(ConnectionName::try_from(bad.to_owned()).is_err(), "{bad}");
        }
    }
}
