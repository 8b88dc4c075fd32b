//! Errors, grouped by the caller's possible reaction.

use std::time::Duration;

use outbound::{NotReached, PrivateAddress};

use crate::item::Unreadable;
pub use crate::key::KeyError;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Invalid settings.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The URL isn't the URL of an org.
    #[error("\"{given}\" is not the URL of an Okta org: {why}; use a URL such as https://example.okta.com")]
    OrgUrl {
        /// The value.
        given: String,
        /// The problem with it.
        why: String,
    },
    /// The URL is the URL of the Okta Admin Console.
    #[error("{given} is the URL of the Okta Admin Console; use {instead}")]
    AdminUrl {
        /// The value.
        given: String,
        /// The URL of the org.
        instead: String,
    },
    /// A private address, which isn't permitted.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// No credential is set.
    #[error("no credential; set a client ID and a private key, or an API token")]
    NoCredential,
    /// The root certificate isn't a PEM document.
    #[error("the root certificate must be a PEM document that begins with -----BEGIN CERTIFICATE-----")]
    InvalidCertificate,
    /// An environment variable isn't set or isn't UTF-8.
    #[error("the environment variable {0} is not set; {1}")]
    Environment(&'static str, &'static str),
    /// The file of the private key.
    #[error("could not read the private key file in OKTA_CLIENT_PRIVATEKEY")]
    KeyFile(#[source] std::io::Error),
    /// The private key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The HTTP client can't be created.
    #[error("could not create the HTTP client")]
    Http(#[source] reqwest::Error),
}

/// The error of a failed call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Okta rejected the app's credentials.
    #[error("Okta rejected the app's credentials ({error}): {description}")]
    Credentials {
        /// The OAuth error code.
        error: String,
        /// Okta's description.
        description: String,
    },
    /// The token lacks an API scope.
    #[error("the app may not call {path}: the API scope {scope} is not granted{}", quoted(reason))]
    MissingScope {
        /// The path of the call.
        path: String,
        /// The missing API scope.
        scope: String,
        /// Okta's message; empty if there is none.
        reason: String,
    },
    /// The app has no admin role that permits the request.
    #[error("the app may not call {path}: none of its admin roles permits the request{}", quoted(reason))]
    MissingAdminRole {
        /// The path of the call.
        path: String,
        /// Okta's message; empty if there is none.
        reason: String,
    },
    /// The object doesn't exist, or the app's admin role doesn't include it: Okta returned status 404 with the error code
    /// E0000007 for this object. Only this response proves that an object is deleted.
    #[error("{path} was not found")]
    NotFound {
        /// The path of the call.
        path: String,
    },
    /// A 404 or 410 that isn't Okta's response for the object: from a gateway, from a host that isn't an org, or from Okta
    /// for an unknown path (E0000008). It doesn't prove that the object is deleted.
    #[error(
        "{path} returned status {status}, which doesn't prove that the object is missing{}",
        quoted(reason)
    )]
    Misrouted {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The message in the response; empty if there is none.
        reason: String,
    },
    /// A firewall, proxy, or gateway rejected the request.
    #[error("a firewall, proxy, or gateway rejected {path} with status {status}{}", quoted(reason))]
    Blocked {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The message in the response; empty if there is none.
        reason: String,
    },
    /// Okta rejected the request as invalid.
    #[error("Okta rejected {path} ({code}): {}", [std::slice::from_ref(summary), causes].concat().join("; "))]
    Api {
        /// The path of the call.
        path: String,
        /// Okta's error code, or the HTTP status.
        code: String,
        /// Okta's message.
        summary: String,
        /// The causes in Okta's message.
        causes: Vec<String>,
    },
    /// The rate limit lasted longer than the time limit of the call.
    #[error("the rate limit for {path} is exceeded; it resets in {} s", retry_after.as_secs().saturating_add(1))]
    RateLimited {
        /// The path of the call.
        path: String,
        /// The time until the next attempt can succeed.
        retry_after: Duration,
    },
    /// Okta returned a server error for each attempt.
    #[error("Okta returned status {status} for {path}")]
    Unavailable {
        /// The path of the call.
        path: String,
        /// The last status.
        status: u16,
    },
    /// No response arrived.
    #[error("{reason}")]
    Transport {
        /// The host, the proxy, and the cause.
        reason: Box<NotReached>,
        /// True if the service may have received the request.
        sent: bool,
    },
    /// The call with all its attempts exceeded its time limit.
    #[error("no response to {path} within {seconds} s")]
    TimedOut {
        /// The path of the call.
        path: String,
        /// The limit.
        seconds: u64,
    },
    /// The response doesn't have the expected format.
    #[error("could not decode the response to {path} as {expected}")]
    Decode {
        /// The path of the call.
        path: String,
        /// The expected content.
        expected: &'static str,
        /// True if the response is complete JSON, so Okta sent it in this form; otherwise it was truncated or replaced.
        well_formed: bool,
        /// The position of the problem.
        #[source]
        source: serde_json::Error,
    },
    /// The response exceeds the size limit.
    #[error("the response to {path} exceeds {megabytes} MB")]
    TooLarge {
        /// The path of the call.
        path: String,
        /// The limit.
        megabytes: usize,
    },
    /// An item of a listing can't be decoded. The listing continues after it.
    #[error("could not decode an item in the response to {path}: {item}")]
    Item {
        /// The path of the call.
        path: String,
        /// The item.
        item: Box<Unreadable>,
    },
    /// The `next` link of a page leads to another listing.
    #[error("the response to {path} links to {target}, which isn't the same listing")]
    OtherListing {
        /// The path of the call.
        path: String,
        /// The target of the link, without its query.
        target: String,
    },
    /// The response is a redirect.
    #[error("{path} returned a redirect")]
    Redirect {
        /// The path of the call.
        path: String,
    },
    /// A page of the System Log has no `next` link.
    #[error("the response to {path} has no `next` link, which polling requires")]
    MissingNextLink {
        /// The path of the call.
        path: String,
    },
    /// The `next` links of a listing form a loop or lead to empty pages without end.
    #[error("the `next` links of {path} form a loop or never end")]
    CircularPages {
        /// The path of the call.
        path: String,
    },
    /// A `Link` header is invalid and may be the `next` link.
    #[error("the Link header in the response to {path} is invalid, so the listing may be incomplete")]
    BrokenLink {
        /// The path of the call.
        path: String,
    },
    /// A full page has no `Link` header, which Okta sends with each page, so it may not be the last one.
    #[error("a full page of {path} has no Link header, so the listing may be incomplete")]
    NoLinks {
        /// The path of the request.
        path: String,
    },
    /// The response is for another object than the requested one, for example from a cache or a gateway.
    #[error("the response to {path} is for the object {answered}")]
    OtherObject {
        /// The path of the request.
        path: String,
        /// The ID in the response.
        answered: String,
    },
    /// A position in the System Log of another org.
    #[error("\"{0}\" is not a position in this org's System Log; start at a time instead")]
    InvalidCheckpoint(String),
    /// A substitute of the client doesn't support the call.
    #[error("this implementation of OktaApi doesn't support {0}")]
    Unsupported(&'static str),
    /// An ID that can't be part of a path.
    #[error("\"{0}\" is not an Okta ID")]
    InvalidId(String),
    /// The server isn't an Okta org.
    #[error("no Okta org responds at {0}")]
    NotAnOrg(String),
    /// A signature can't be created.
    #[error("could not sign with the private key")]
    Signing(#[source] josekit::JoseError),
}

impl Error {
    /// True if the same request could succeed later without any change.
    pub const fn is_transient(&self) -> bool {
        if let Self::Transport { reason, .. } = self {
            return !reason.is_lasting();
        }
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Unavailable { .. }
                | Self::Misrouted { .. }
                | Self::Blocked { .. }
                | Self::TimedOut { .. }
                | Self::BrokenLink { .. }
                | Self::NoLinks { .. }
                | Self::OtherObject { .. }
                | Self::Decode { well_formed: false, .. }
        )
    }

    /// The same error for another caller that waited for the same response. Some errors can't be copied.
    pub(crate) fn again(&self) -> Option<Self> {
        Some(match self {
            Self::Credentials { error, description } => {
                Self::Credentials { error: error.clone(), description: description.clone() }
            }
            Self::RateLimited { path, retry_after } => {
                Self::RateLimited { path: path.clone(), retry_after: *retry_after }
            }
            Self::Unavailable { path, status } => Self::Unavailable { path: path.clone(), status: *status },
            Self::Transport { reason, sent } => Self::Transport { reason: reason.clone(), sent: *sent },
            Self::Misrouted { path, status, reason } => {
                Self::Misrouted { path: path.clone(), status: *status, reason: reason.clone() }
            }
            Self::Blocked { path, status, reason } => {
                Self::Blocked { path: path.clone(), status: *status, reason: reason.clone() }
            }
            Self::Redirect { path } => Self::Redirect { path: path.clone() },
            _ => return None,
        })
    }
}

/// Words of others at the end of a message; nothing for none.
fn quoted(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(": \"{reason}\"") }
}
