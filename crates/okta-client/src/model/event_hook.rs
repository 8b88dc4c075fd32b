//! Event hooks.

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

use super::reading::null_as_default;

/// The event types that an event hook subscribes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventSubscription {
    /// Always `EVENT_TYPE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Event types of Okta's catalog; at most 300.
    pub items: Vec<String>,
    /// Everything else, filters among it.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl EventSubscription {
    /// A subscription to these event types.
    pub fn new(items: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            kind: "EVENT_TYPE".into(),
            items: items.into_iter().map(Into::into).collect(),
            rest: Map::new(),
        }
    }
}

/// A header that Okta sends with each delivery. Its value isn't secret, because Okta shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HookHeader {
    /// The name.
    pub key: String,
    /// Its value.
    #[serde(default, deserialize_with = "null_as_default")]
    pub value: String,
}

/// The secret header.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct AuthScheme {
    /// Always `HEADER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The header's name.
    #[serde(default, deserialize_with = "null_as_default")]
    pub key: String,
    /// Its value. Written, never read back.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub value: Option<SecretString>,
}

/// The one place where the value leaves: the request that registers it.
// The signature is serde's.
#[allow(clippy::ref_option)]
fn exposed<S: Serializer>(value: &Option<SecretString>, output: S) -> Result<S::Ok, S::Error> {
    value.as_ref().map(ExposeSecret::expose_secret).serialize(output)
}

/// The target and options of deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelConfig {
    /// The address. HTTPS.
    pub uri: String,
    /// Further headers.
    #[serde(default, deserialize_with = "null_as_default")]
    pub headers: Vec<HookHeader>,
    /// The secret header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_scheme: Option<AuthScheme>,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// The channel of deliveries.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Channel {
    /// Always `HTTP`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `1.0.0`.
    pub version: String,
    /// The target.
    pub config: ChannelConfig,
}

impl Channel {
    /// Deliveries to an address, with a secret in the `Authorization` header.
    pub fn http(uri: impl Into<String>, secret: SecretString, headers: Vec<HookHeader>) -> Self {
        let auth_scheme =
            Some(AuthScheme { kind: "HEADER".into(), key: "Authorization".into(), value: Some(secret) });
        let config = ChannelConfig { uri: uri.into(), headers, auth_scheme, rest: Map::new() };
        Self { kind: "HTTP".into(), version: "1.0.0".into(), config }
    }
}

/// An event hook to create, or to replace an existing one.
#[derive(Debug, Clone, Serialize)]
pub struct NewEventHook {
    /// The display name.
    pub name: String,
    /// The subscribed events.
    pub events: EventSubscription,
    /// The target.
    pub channel: Channel,
}

/// An event hook.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EventHook {
    /// The immutable ID.
    pub id: String,
    /// The display name.
    pub name: String,
    /// `ACTIVE` or `INACTIVE`.
    pub status: String,
    /// `VERIFIED` or `UNVERIFIED`. Only active and verified hooks receive events.
    #[serde(default, deserialize_with = "null_as_default")]
    pub verification_status: String,
    /// The subscribed events.
    pub events: EventSubscription,
    /// The target.
    pub channel: Channel,
    /// Everything else, as received.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl EventHook {
    /// True if it is active.
    pub fn is_active(&self) -> bool {
        self.status == "ACTIVE"
    }

    /// True if its endpoint was verified.
    pub fn is_verified(&self) -> bool {
        self.verification_status == "VERIFIED"
    }
}
