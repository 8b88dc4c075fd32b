//! Okta's responses. Unknown members are kept; `null` reads as absent.

mod event_hook;
mod group;
mod log_event;
mod odd;
mod open_enum;
mod profile;
mod reading;
mod schema;
mod user;
mod user_type;

pub use event_hook::{
    AuthScheme, Channel, ChannelConfig, EventHook, EventSubscription, HookHeader, NewEventHook,
};
pub use group::{Group, GroupType};
pub use log_event::{Actor, LogEvent, Outcome, Target, TargetType};
pub(crate) use odd::kind_of;
pub use odd::{Member, OddMember};
pub use profile::{GroupProfile, Profile, UserProfile};
pub(crate) use reading::{id, is_id, null_as_default, or_default, text_or_none};
pub use schema::{OneOf, PropertyItems, PropertyType, Schema, SchemaDefinition, SchemaProperty};
pub use user::{User, UserStatus, UserTypeRef};
pub use user_type::UserType;
