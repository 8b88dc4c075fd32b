//! Choices that have no effect or another one than meant. Schemas change, so none of them is an error.

use std::fmt;

/// Something about the choices that an operator should know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MappingWarning {
    /// An option names an attribute that no schema has.
    UnknownAttribute {
        /// The option, such as `mapping.user.include`.
        option: &'static str,
        /// The attribute's name.
        attribute: String,
    },
    /// An attribute was to be left out, and is needed.
    RequiredAttribute {
        /// The attribute's name in Okta.
        attribute: String,
        /// What it is needed for.
        needed_for: &'static str,
    },
    /// The chosen name is not one that can be given: it is reserved, taken, or has odd characters.
    NameUnavailable {
        /// The attribute's name in Okta.
        attribute: String,
        /// The name that was chosen.
        wanted: String,
        /// The name that it gets.
        given: String,
    },
    /// User types define an attribute differently.
    Conflict {
        /// The attribute's name in Okta.
        attribute: String,
    },
    /// A secret, or an attribute that nobody can read, is left out.
    UnsupportedDefinition {
        /// The attribute's name in Okta.
        attribute: String,
    },
}

impl fmt::Display for MappingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownAttribute { option, attribute } => {
                write!(f, "{option} names \"{attribute}\", which no schema of the org has")
            }
            Self::RequiredAttribute { attribute, needed_for } => {
                write!(f, "\"{attribute}\" is mapped although it is not chosen: it is {needed_for}")
            }
            Self::NameUnavailable { attribute, wanted, given } => write!(
                f,
                "\"{attribute}\" was to be called \"{}\", which is reserved, taken or not readable in Assets; it is called \"{given}\"",
                wanted.escape_default()
            ),
            Self::Conflict { attribute } => {
                write!(f, "the user types define \"{attribute}\" differently; it is a text in Assets")
            }
            Self::UnsupportedDefinition { attribute } => write!(
                f,
                "\"{attribute}\" is encrypted, hashed or write-only in Okta and left out; name it in include to map it all the same"
            ),
        }
    }
}
