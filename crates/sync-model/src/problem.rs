//! Values that do not fit, by kind of problem.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ObjectKind;

/// A kind of invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ValueProblemKind {
    /// Control characters became spaces.
    ControlCharacters,
    /// Text was cut to 255 characters.
    TextCut,
    /// Long text was cut to 5,000 characters.
    TextareaCut,
    /// An address of more than 255 characters was left empty: cut, it would lead elsewhere.
    AddressTooLong,
    /// The value isn't a boolean.
    NoBoolean,
    /// No whole number of 32 bits.
    NoInteger,
    /// No finite number.
    NoNumber,
    /// No email address that Assets accepts.
    NoEmail,
    /// No URL that starts with `http://` or `https://`.
    NoWebUrl,
    /// No date and time with an offset.
    NoDateTime,
    /// No date.
    NoDate,
    /// No time of day.
    NoTime,
    /// An IPv6 address, which Assets does not accept.
    Ipv6Address,
    /// No IP address.
    NoIpAddress,
    /// Nothing, in the attribute that names the object: its ID is shown instead.
    EmptyLabel,
    /// A value that is unknown to this version.
    UnknownStatus,
    /// A value of an attribute that Okta's schema does not define.
    OutsideSchema,
    /// A reference to a user that does not exist, or no longer does.
    UnresolvedReference,
    /// A reference that several users share.
    AmbiguousReference,
}

impl ValueProblemKind {
    /// True if a reference doesn't resolve to one object. These problems are counted last, because runs resolve references
    /// again.
    pub const fn is_reference(self) -> bool {
        matches!(self, Self::UnresolvedReference | Self::AmbiguousReference)
    }
}

impl fmt::Display for ValueProblemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ControlCharacters => "contains control characters; replaced with spaces",
            Self::TextCut => "is longer than 255 characters; truncated",
            Self::TextareaCut => "is longer than 5,000 characters; truncated",
            Self::AddressTooLong => "is longer than 255 characters; left empty",
            Self::NoBoolean => "is not true or false; left empty",
            Self::NoInteger => "is not a 32-bit integer; left empty",
            Self::NoNumber => "is not a finite number; left empty",
            Self::NoEmail => "is not an email address that Assets accepts; left empty",
            Self::NoWebUrl => "is not a URL that starts with http:// or https://; left empty",
            Self::NoDateTime => "is not a date and time with an offset; left empty",
            Self::NoDate => "is not a date; left empty",
            Self::NoTime => "is not a time of day; left empty",
            Self::Ipv6Address => "is an IPv6 address, which Assets doesn't accept; left empty",
            Self::NoIpAddress => "is not an IPv4 address; left empty",
            Self::EmptyLabel => "is empty, but the attribute is the label; replaced with the object's ID",
            Self::UnknownStatus => "isn't supported by this version; sent as \"Okta Other\"",
            Self::OutsideSchema => "belongs to an attribute outside Okta's schema; omitted",
            Self::UnresolvedReference => "matches no user; left empty",
            Self::AmbiguousReference => "matches several users; left empty",
        })
    }
}

/// A problem with the values of an attribute. The value itself is personal data and not in here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ValueProblem {
    /// The kind of object.
    pub kind: ObjectKind,
    /// The attribute's name in Okta, or the field of a reference.
    pub attribute: String,
    /// The problem.
    pub problem: ValueProblemKind,
}

impl fmt::Display for ValueProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} attribute \"{}\": a value {}", self.kind, self.attribute, self.problem)
    }
}
