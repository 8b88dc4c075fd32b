//! Errors by the caller's possible reaction.

use std::time::Duration;

use outbound::{NotReached, PrivateAddress};

use crate::item::Unreadable;
pub use crate::key::KeyError;

/// The result of a call.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Settings that cannot work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Not an org URL.
    #[error("\"{given}\" is not an Okta org URL: {why}; it looks like https://example.okta.com")]
    OrgUrl {
        /// The value.
        given: String,
        /// The problem with it.
        why: String,
    },
    /// The address of the admin console.
    #[error("{given} is the admin console; use {instead}")]
    AdminUrl {
        /// The value.
        given: String,
        /// The org's own address.
        instead: String,
    },
    /// A private address, which is not allowed.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// No way to sign in was given.
    #[error("no credential: give a client id with a private key, or an API token")]
    NoCredential,
    /// A root certificate's text contains no certificate.
    #[error("the root certificate is no PEM document that begins with -----BEGIN CERTIFICATE-----")]
    InvalidCertificate,
    /// A variable of the environment is not set, or not text.
    #[error("the environment variable {0} is not set; {1}")]
    Environment(&'static str, &'static str),
    /// The file of the private key.
    #[error("could not read the file of the private key that OKTA_CLIENT_PRIVATEKEY names")]
    KeyFile(#[source] std::io::Error),
    /// The private key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The HTTP client can't be created.
    #[error("could not prepare the HTTP client")]
    Http(#[source] reqwest::Error),
}

/// The error of a failed call.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Okta does not accept the app's credentials.
    #[error("Okta refused the app's credentials ({error}): {description}")]
    Credentials {
        /// The OAuth error code.
        error: String,
        /// Okta's words for it.
        description: String,
    },
    /// The token doesn't have a required scope.
    #[error("the app may not call {path}: the scope {scope} is not granted{}", quoted(reason))]
    MissingScope {
        /// The path of the call.
        path: String,
        /// The scope that would allow it.
        scope: String,
        /// Okta's words; empty when there are none.
        reason: String,
    },
    /// The app has no role for the resource.
    #[error("the app may not call {path}: it has no admin role that covers it{}", quoted(reason))]
    MissingAdminRole {
        /// The path of the call.
        path: String,
        /// Okta's words; empty when there are none.
        reason: String,
    },
    /// There is no such object, or the app's role doesn't cover it: Okta itself reports it for the requested object
    /// (status 404, error code E0000007). Only this response proves a deletion.
    #[error("{path} was not found")]
    NotFound {
        /// The path of the call.
        path: String,
    },
    /// A 404 or 410 that isn't Okta's response about the object: from a gateway, from a host that isn't an org, or from
    /// Okta for an unknown path (E0000008). It proves nothing about the object.
    #[error(
        "{path} was answered with status {status}, which says nothing about the object{}",
        quoted(reason)
    )]
    Misrouted {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The text of the response; empty if there is none.
        reason: String,
    },
    /// A firewall, proxy, or gateway rejected the request instead of Okta.
    #[error("{path} was refused on the way to Okta, with status {status}{}", quoted(reason))]
    Blocked {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The text of the response; empty if there is none.
        reason: String,
    },
    /// Okta calls the request wrong.
    #[error("Okta refused {path} ({code}): {}", [std::slice::from_ref(summary), causes].concat().join("; "))]
    Api {
        /// The path of the call.
        path: String,
        /// Okta's error code, or the HTTP status.
        code: String,
        /// Okta's words.
        summary: String,
        /// The causes in Okta's words.
        causes: Vec<String>,
    },
    /// The rate limit lasted longer than the time limit of the call.
    #[error("the rate limit for {path} is used up; it opens again in {} s", retry_after.as_secs().saturating_add(1))]
    RateLimited {
        /// The path of the call.
        path: String,
        /// The time until another attempt may succeed.
        retry_after: Duration,
    },
    /// Okta returned a server error on every attempt.
    #[error("Okta answered {path} with status {status}")]
    Unavailable {
        /// The path of the call.
        path: String,
        /// The last status.
        status: u16,
    },
    /// No response.
    #[error("{reason}")]
    Transport {
        /// The host, the proxy on the way, and the cause.
        reason: Box<NotReached>,
        /// True if the request may have arrived.
        sent: bool,
    },
    /// All attempts together exceeded the time limit.
    #[error("{path} was not answered within {seconds} s")]
    TimedOut {
        /// The path of the call.
        path: String,
        /// The limit.
        seconds: u64,
    },
    /// The response is invalid.
    #[error("could not read the answer to {path} as {expected}")]
    Decode {
        /// The path of the call.
        path: String,
        /// The expected content.
        expected: &'static str,
        /// True if the response is complete JSON, so that Okta sent it like that; otherwise it was truncated or
        /// replaced.
        well_formed: bool,
        /// The position of the problem.
        #[source]
        source: serde_json::Error,
    },
    /// The response exceeds the size of any Okta response.
    #[error("the answer to {path} is larger than {megabytes} MB; it was not read")]
    TooLarge {
        /// The path of the call.
        path: String,
        /// The limit.
        megabytes: usize,
    },
    /// An unreadable item of a listing. The listing continues after it.
    #[error("an item in the answer to {path} could not be read: {item}")]
    Item {
        /// The path of the call.
        path: String,
        /// The item.
        item: Box<Unreadable>,
    },
    /// The `next` link of a page is not one of the same listing.
    #[error("the answer to {path} links to {target}, which is not the same listing")]
    OtherListing {
        /// The path of the call.
        path: String,
        /// The link's target, without its query.
        target: String,
    },
    /// The response is a redirect.
    #[error("{path} was answered with a redirect")]
    Redirect {
        /// The path of the call.
        path: String,
    },
    /// A page of the System Log without the link for the next poll.
    #[error("the answer to {path} has no link to go on with, which polling always has")]
    MissingNextLink {
        /// The path of the call.
        path: String,
    },
    /// A listing whose links lead back to a page that was read before, or on over empty pages without end.
    #[error("the pages of {path} lead in a circle, or on without end")]
    CircularPages {
        /// The path of the call.
        path: String,
    },
    /// A `Link` header that may be the one that leads on.
    #[error("the Link header in the answer to {path} cannot be read, so that its end is not known")]
    BrokenLink {
        /// The path of the call.
        path: String,
    },
    /// A full page without the links that Okta sends with every page: it may not be the last one.
    #[error("a page of {path} is full and has no Link header, so that its end is not known")]
    NoLinks {
        /// The path of the request.
        path: String,
    },
    /// A response about another object than the requested one: from a cache or a gateway.
    #[error("the answer to {path} is about {answered}")]
    OtherObject {
        /// The path of the request.
        path: String,
        /// The ID in the response.
        answered: String,
    },
    /// A System Log position of another org.
    #[error("\"{0}\" is not a place in this org's System Log; begin at a time instead")]
    InvalidCheckpoint(String),
    /// A substitute of the client that does not do this.
    #[error("this implementation of OktaApi has no {0}")]
    Unsupported(&'static str),
    /// An id that would not survive in a path.
    #[error("\"{0}\" is not an Okta id")]
    InvalidId(String),
    /// The server isn't an Okta org.
    #[error("no Okta org answers at {0}")]
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
