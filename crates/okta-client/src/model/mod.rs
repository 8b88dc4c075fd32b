//! Okta's responses. Unknown members are kept; `null` reads as absent.

mod event_hook;
mod group;
mod log_event;
mod odd;
mod profile;
mod schema;
mod user;
mod user_type;

pub use event_hook::{
    AuthScheme, Channel, ChannelConfig, EventHook, EventSubscription, HookHeader, NewEventHook,
};
pub use group::{Group, GroupType};
pub use log_event::{Actor, LogEvent, Outcome, Target, TargetType};
pub use odd::{Member, OddMember};
pub use profile::{GroupProfile, Profile, UserProfile};
pub use schema::{OneOf, PropertyItems, PropertyType, Schema, SchemaDefinition, SchemaProperty};
pub use user::{User, UserStatus, UserTypeRef};
pub use user_type::UserType;

use serde::de::{DeserializeOwned, Error as _, IgnoredAny};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

/// Reads `null` as the default.
pub(crate) fn null_as_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    input: D,
) -> Result<T, D::Error> {
    Ok(Option::deserialize(input)?.unwrap_or_default())
}

/// Reads text, and anything else as none.
pub(crate) fn text_or_none<'de, D: Deserializer<'de>>(input: D) -> Result<Option<String>, D::Error> {
    Ok(match Lenient::deserialize(input)? {
        Lenient::Text(text) => Some(text),
        Lenient::Other(_) => None,
    })
}

/// Reads valid values, and anything else as the default.
pub(crate) fn or_default<'de, D: Deserializer<'de>, T: Default + DeserializeOwned>(
    input: D,
) -> Result<T, D::Error> {
    Ok(T::deserialize(Value::deserialize(input)?).unwrap_or_default())
}

/// Text, or a value of another kind.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient {
    Text(String),
    Other(IgnoredAny),
}

/// Reads an id.
pub(crate) fn id<'de, D: Deserializer<'de>>(input: D) -> Result<String, D::Error> {
    let id = String::deserialize(input)?;
    if is_id(&id) { Ok(id) } else { Err(D::Error::custom("text that is no id")) }
}

/// True for a possible Okta ID, which can be part of a path unchanged.
pub(crate) fn is_id(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    !text.is_empty() && text.len() <= 64 && text.bytes().all(fits)
}

/// A word of Okta's that may be new to this crate.
macro_rules! open_enum {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident = $word:literal),+ $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vmeta])* $variant,)+
            /// A value that this version doesn't support, as received.
            Other(String),
        }

        impl $name {
            /// The value in Okta's API.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)+
                    Self::Other(word) => word,
                }
            }
        }

        impl Default for $name {
            /// No value.
            fn default() -> Self {
                Self::Other(String::new())
            }
        }

        impl From<String> for $name {
            fn from(word: String) -> Self {
                match word.as_str() {
                    $($word => Self::$variant,)+
                    _ => Self::Other(word),
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
                String::deserialize(input).map(Self::from)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, output: S) -> Result<S::Ok, S::Error> {
                output.serialize_str(self.as_str())
            }
        }
    };
}
use open_enum;
