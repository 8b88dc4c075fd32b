//! Remedies for failed requests.

use std::fmt;

use crate::error::Error;

/// An action that resolves an [`Error`]. Shown, it is a short English text for developers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Grant API scopes to the app.
    GrantApiScopes {
        /// The scope; `None` for those that the client requests.
        scope: Option<String>,
    },
    /// Assign an admin role to the app.
    AssignAdminRole,
    /// Check the client ID, the app type, and the registered key.
    CheckCredentials,
    /// Register the public key, or sign with the key ID that Okta shows.
    RegisterPublicKey,
    /// Allow the network zone of this host for the app.
    AllowNetworkZone,
    /// Set the clock of this host.
    SetClock,
    /// Check if the object still exists and is in the resource set of the app's admin role.
    CheckObjectAndResourceSet,
    /// Correct the named field of the object in Okta.
    CorrectObject,
    /// Correct the org URL.
    CorrectOrgUrl,
    /// Correct the filter or search expression.
    CorrectExpression,
    /// Let Okta enable the feature for the org.
    EnableFeature,
    /// Wait, or raise the app's share of the rate limit.
    RaiseRateLimit,
    /// Check Okta's status page, and retry later.
    CheckServiceStatus,
    /// Allow requests to the org in the firewall or gateway.
    AllowRequests,
    /// Set the user name and the password of the proxy.
    SetProxyCredentials,
    /// Sign in to the network, or use another one.
    SignInToNetwork,
    /// Check if a proxy or gateway changes responses.
    CheckGateway,
    /// Let this host reach the org.
    CheckNetwork(outbound::Remedy),
}

impl Error {
    /// The action that resolves it; `None` if none is known.
    pub fn remedy(&self) -> Option<Remedy> {
        Some(match self {
            Self::Credentials { error, description } => match error.as_str() {
                "consent_required" | "invalid_scope" => Remedy::GrantApiScopes { scope: None },
                "access_denied" => Remedy::AllowNetworkZone,
                "invalid_dpop_proof" => Remedy::SetClock,
                // Okta has no error code of its own for an unknown key ID.
                "invalid_client" if description.contains("kid") => Remedy::RegisterPublicKey,
                _ => Remedy::CheckCredentials,
            },
            Self::MissingScope { scope, .. } => Remedy::GrantApiScopes { scope: Some(scope.clone()) },
            Self::MissingAdminRole { .. } => Remedy::AssignAdminRole,
            Self::NotFound { .. } => Remedy::CheckObjectAndResourceSet,
            Self::Misrouted { .. } | Self::NotAnOrg(_) | Self::Redirect { .. } => Remedy::CorrectOrgUrl,
            Self::Blocked { status: 407, .. } => Remedy::SetProxyCredentials,
            Self::Blocked { status: 511, .. } => Remedy::SignInToNetwork,
            Self::Blocked { .. } => Remedy::AllowRequests,
            Self::Transport { reason, .. } => Remedy::CheckNetwork(reason.remedy()),
            Self::Api { code, .. } => match code.as_str() {
                "E0000015" => Remedy::EnableFeature,
                "E0000031" | "E0000053" => Remedy::CorrectExpression,
                _ => return None,
            },
            Self::RateLimited { .. } => Remedy::RaiseRateLimit,
            Self::Unavailable { .. } | Self::TimedOut { .. } => Remedy::CheckServiceStatus,
            Self::Decode { well_formed: true, .. } | Self::Item { .. } => Remedy::CorrectObject,
            Self::Decode { .. }
            | Self::TooLarge { .. }
            | Self::MissingNextLink { .. }
            | Self::OtherListing { .. }
            | Self::CircularPages { .. }
            | Self::BrokenLink { .. }
            | Self::NoLinks { .. }
            | Self::OtherObject { .. } => Remedy::CheckGateway,
            Self::InvalidCheckpoint(_) | Self::Unsupported(_) | Self::InvalidId(_) | Self::Signing(_) => {
                return None;
            }
        })
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::GrantApiScopes { scope: Some(scope) } => {
                return write!(
                    f,
                    "in the Okta Admin Console, go to Applications > Applications, select the app, open Okta API Scopes, and \
                     grant {scope}"
                );
            }
            Self::GrantApiScopes { scope: None } => {
                "in the Okta Admin Console, go to Applications > Applications, select the app, open Okta API Scopes, and grant \
                 the scopes that the client requests"
            }
            Self::AssignAdminRole => {
                "in the Okta Admin Console, go to Applications > Applications, select the app, open Admin roles, and assign a \
                 role; Read-only Administrator permits reading"
            }
            Self::CheckCredentials => {
                "check the client ID, that the app is an API Services app with Public key / Private key, and that the key is \
                 registered and active"
            }
            Self::RegisterPublicKey => {
                "set the key ID that the app shows for the public key; if the key isn't there, add it and activate it"
            }
            Self::AllowNetworkZone => {
                "in the Okta Admin Console, go to Security > Networks, and add the IP address of this host to a zone that the \
                 app allows"
            }
            Self::SetClock => "set the clock of this host",
            Self::CheckObjectAndResourceSet => {
                "check if the object still exists, and if the resource set of the app's admin role contains it"
            }
            Self::CorrectObject => "correct the named field in Okta; all other objects were read",
            Self::CorrectOrgUrl => {
                "set the URL at which users of the org sign in, such as https://example.okta.com; the URL of the Okta Admin \
                 Console (-admin) doesn't work"
            }
            Self::CorrectExpression => "correct the filter or search expression",
            Self::EnableFeature => "ask Okta Support to enable the feature for the org",
            Self::RaiseRateLimit => {
                "wait; or in the Okta Admin Console, go to Applications > Applications, select the app, open Application rate \
                 limits, and raise its share"
            }
            Self::CheckServiceStatus => "check https://status.okta.com, and retry later",
            Self::AllowRequests => "allow requests from this host to the org in the firewall or gateway",
            Self::SetProxyCredentials => {
                "set the proxy's username and password: http://USER:PASSWORD@HOST:PORT"
            }
            Self::SignInToNetwork => "sign in to the network of this host, or use another network",
            Self::CheckGateway => "check if a proxy or gateway truncates or changes responses from Okta, then retry",
            Self::CheckNetwork(remedy) => return remedy.fmt(f),
        })
    }
}
