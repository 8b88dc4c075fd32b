//! Values that don't match the type of their attribute.

use serde::{Deserialize, Serialize};

use crate::record::ObjectKind;

/// A kind of invalid value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
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
