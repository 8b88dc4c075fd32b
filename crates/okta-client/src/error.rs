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
    #[error("\"{given}\" is not the URL of an Okta org: {why}; use a URL such as https://example.okta.com")]
    OrgUrl {
        /// The value.
        given: String,
        /// The problem with it.
        why: String,
    },
    /// The address of the admin console.
    #[error("{given} is the URL of the Okta Admin Console; use {instead}")]
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
    #[error("no credential; set a client ID and a private key, or an API token")]
    NoCredential,
    /// A root certificate's text contains no certificate.
    #[error("the root certificate must be a PEM document that begins with -----BEGIN CERTIFICATE-----")]
    NoCertificate,
    /// A variable of the environment is not set, or not text.
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
    /// Okta does not accept the app's credentials.
    #[error("Okta rejected the app's credentials ({error}): {description}")]
    Credentials {
        /// The OAuth error code.
        error: String,
        /// Okta's words for it.
        description: String,
    },
    /// The token lacks a scope.
    #[error("the app may not call {path}: the API scope {scope} is not granted{}", quoted(reason))]
    MissingScope {
        /// The path of the call.
        path: String,
        /// The scope that would allow it.
        scope: String,
        /// Okta's words; empty when there are none.
        reason: String,
    },
    /// The app has no role on what it asked for.
    #[error("the app may not call {path}: none of its admin roles permits the request{}", quoted(reason))]
    MissingAdminRole {
        /// The path of the call.
        path: String,
        /// Okta's words; empty when there are none.
        reason: String,
    },
    /// There is no such object, or the app's role does not cover it: Okta itself says so of the object that was asked for
    /// (status 404, error code E0000007). No other answer ends an object.
    #[error("{path} was not found")]
    NotFound {
        /// The path of the call.
        path: String,
    },
    /// A 404 or 410 that is not Okta's word about the object: from a gateway in between, from a host that is no org, or
    /// from Okta for a path that it does not know (E0000008). It says nothing about the object.
    #[error(
        "{path} returned status {status}, which doesn't prove that the object is missing{}",
        quoted(reason)
    )]
    Misrouted {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The answer's own words; empty when there are none.
        reason: String,
    },
    /// A firewall, proxy, or gateway in between refused the request in Okta's place.
    #[error("a firewall, proxy, or gateway rejected {path} with status {status}{}", quoted(reason))]
    Blocked {
        /// The path of the call.
        path: String,
        /// The HTTP status.
        status: u16,
        /// The answer's own words; empty when there are none.
        reason: String,
    },
    /// Okta calls the request wrong.
    #[error("Okta rejected {path} ({code}): {}", [std::slice::from_ref(summary), causes].concat().join("; "))]
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
    #[error("the rate limit for {path} is exceeded; it resets in {} s", retry_after.as_secs().saturating_add(1))]
    RateLimited {
        /// The path of the call.
        path: String,
        /// When it is worth another try, counted from now.
        retry_after: Duration,
    },
    /// Okta had trouble of its own, several times.
    #[error("Okta returned status {status} for {path}")]
    Unavailable {
        /// The path of the call.
        path: String,
        /// The last status.
        status: u16,
    },
    /// No answer.
    #[error("{reason}")]
    Transport {
        /// The host, the proxy on the way, and the cause.
        reason: Box<NotReached>,
        /// True if the request may have arrived.
        sent: bool,
    },
    /// Everything together took too long.
    #[error("no response to {path} within {seconds} s")]
    TimedOut {
        /// The path of the call.
        path: String,
        /// The limit.
        seconds: u64,
    },
    /// The answer was not what it should be.
    #[error("could not decode the response to {path} as {expected}")]
    Decode {
        /// The path of the call.
        path: String,
        /// The expected content.
        expected: &'static str,
        /// True if the answer is complete JSON, so that Okta sent it like that; otherwise it was cut off, or replaced.
        well_formed: bool,
        /// The position of the problem.
        #[source]
        source: serde_json::Error,
    },
    /// The answer was larger than any answer of Okta's.
    #[error("the response to {path} exceeds {megabytes} MB")]
    TooLarge {
        /// The path of the call.
        path: String,
        /// The limit.
        megabytes: usize,
    },
    /// An item of a listing that could not be read. The listing goes on after it.
    #[error("could not decode an item in the response to {path}: {item}")]
    Item {
        /// The path of the call.
        path: String,
        /// The item.
        item: Box<Unreadable>,
    },
    /// The `next` link of a page is not one of the same listing.
    #[error("the response to {path} links to {target}, which isn't the same listing")]
    OtherListing {
        /// The path of the call.
        path: String,
        /// The link's target, without its query.
        target: String,
    },
    /// The address answered with a redirect.
    #[error("{path} returned a redirect")]
    Redirect {
        /// The path of the call.
        path: String,
    },
    /// A page of the System Log without the link that polling goes on with.
    #[error("the response to {path} has no `next` link, which polling requires")]
    MissingNextLink {
        /// The path of the call.
        path: String,
    },
    /// A listing whose links lead back to a page that was read before, or on over empty pages without end.
    #[error("the `next` links of {path} form a loop or never end")]
    CircularPages {
        /// The path of the call.
        path: String,
    },
    /// A `Link` header that may be the one that leads on.
    #[error("the Link header in the response to {path} is invalid, so the listing may be incomplete")]
    BrokenLink {
        /// The path of the call.
        path: String,
    },
    /// A full page without the links that Okta sends with every page: it may not be the last one.
    #[error("a full page of {path} has no Link header, so the listing may be incomplete")]
    NoLinks {
        /// The path of the request.
        path: String,
    },
    /// An answer about another object than the one asked for: from a cache, or a gateway in between.
    #[error("the response to {path} is for the object {answered}")]
    OtherObject {
        /// The path of the request.
        path: String,
        /// The ID in the answer.
        answered: String,
    },
    /// A place in the System Log that is none of this org's.
    #[error("\"{0}\" is not a position in this org's System Log; start at a time instead")]
    InvalidCheckpoint(String),
    /// A substitute of the client that does not do this.
    #[error("this implementation of OktaApi doesn't support {0}")]
    Unsupported(&'static str),
    /// An id that would not survive in a path.
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

    /// The same error for another caller that waited for the same response. Not every error can be copied.
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
