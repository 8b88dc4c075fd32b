//! Options without effect, or with an unexpected effect. They aren't errors, because schemas change.

use std::fmt;

/// An option without effect, or with another effect than expected.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum MappingWarning {
    /// An option names an attribute that no schema has.
    UnknownAttribute {
        /// The option, such as `mapping.user.include`.
        option: &'static str,
        /// The attribute's name.
        attribute: String,
    },
    /// An excluded attribute is mapped, because it is the label.
    LabelExcluded {
        /// The attribute's name in Okta.
        attribute: String,
    },
    /// The chosen name is reserved, in use, or unreadable.
    NameUnavailable {
        /// The attribute's name in Okta.
        attribute: String,
        /// The name that was chosen.
        wanted: String,
        /// The assigned name.
        given: String,
    },
    /// User types define an attribute differently.
    Conflict {
        /// The attribute's name in Okta.
        attribute: String,
    },
    /// An attribute that is encrypted, hashed, or write-only in Okta is excluded.
    UnsupportedDefinition {
        /// The attribute's name in Okta.
        attribute: String,
    },
}

impl fmt::Display for MappingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAttribute { option, attribute } => {
                write!(f, "{option}: no Okta schema defines \"{attribute}\"")
            }
            Self::LabelExcluded { attribute } => {
                write!(f, "\"{attribute}\" is excluded but mapped, because it is the label")
            }
            Self::NameUnavailable { attribute, wanted, given } => write!(
                f,
                "\"{attribute}\": the name \"{}\" is reserved, taken, or unreadable; using \"{given}\"",
                wanted.escape_default()
            ),
            Self::Conflict { attribute } => {
                write!(f, "user types define \"{attribute}\" differently; mapping it to text")
            }
            Self::UnsupportedDefinition { attribute } => {
                write!(f, "\"{attribute}\" is encrypted, hashed, or write-only in Okta; excluding it")
            }
        }
    }
}
