//! The subjects of checks.

use serde::{Deserialize, Serialize};

/// The subject of a check, in the order of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema), schema(as = CheckArea))]
#[serde(rename_all = "snake_case")]
pub enum CheckArea {
    /// Configuration, state store, clock.
    Host,
    /// The org: access, API scopes, role, schemas, System Log.
    Okta,
    /// The event hook.
    EventHook,
    /// Okta's rate limits of the app.
    RateLimits,
    /// The import source and the Atlassian account.
    Assets,
    /// Listeners of the daemon and the alert webhook.
    Listeners,
}

impl CheckArea {
    /// The heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Host => "Host",
            Self::Okta => "Okta org",
            Self::EventHook => "Event hook",
            Self::RateLimits => "Rate limits",
            Self::Assets => "Assets",
            Self::Listeners => "Listeners",
        }
    }
}
