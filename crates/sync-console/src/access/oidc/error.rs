//! Errors of signing in with Okta.

use axum::http::StatusCode;
use outbound::{NotReached, PrivateAddress};
use plain_text::visible;

use super::IdTokenError;

/// The maximum length of a text from outside.
const LONGEST: usize = 300;

/// The reason why a sign-in with Okta failed, for the sign-in page; it never contains a code or token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// A setting is invalid.
    #[error("{key}: {problem}")]
    Setting {
        /// The setting, below the section of OpenID Connect.
        key: &'static str,
        /// The violated requirement.
        problem: &'static str,
    },
    /// The org has a private address, which is not allowed.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// The console has no sign-in with Okta.
    #[error("sign-in with Okta is not configured; use an access token")]
    NotSetUp,
    /// The response is for another browser or too late.
    #[error("this sign-in started in another browser or took longer than 10 minutes; sign in again")]
    Stale,
    /// Okta rejected the user.
    #[error("Okta did not sign you in: {0}")]
    Denied(String),
    /// Okta could not be reached.
    #[error("could not get {what} from Okta; try again in a moment")]
    Unreachable {
        /// The requested resource.
        what: &'static str,
        /// The cause.
        #[source]
        source: Box<NotReached>,
    },
    /// Okta's response is invalid.
    #[error("Okta returned an invalid response for {what}: {problem}")]
    Answer {
        /// The requested resource.
        what: &'static str,
        /// The violated requirement.
        problem: String,
    },
    /// Okta rejected the code or the client.
    #[error("Okta rejected this sign-in ({0}); sign in again; if the error persists, check the app's {1}")]
    Exchange(String, &'static str),
    /// The ID token is invalid.
    #[error("Okta's ID token is invalid: {0}")]
    Token(#[from] IdTokenError),
    /// The user isn't in a permitted group.
    #[error("{principal} isn't in a group with access to this console: {needed}")]
    NotAllowed {
        /// The user that Okta signed in.
        principal: String,
        /// The groups with their roles.
        needed: String,
    },
    /// The HTTP client could not be created.
    #[error("could not create the HTTP client for Okta")]
    Http(#[source] reqwest::Error),
}

impl OidcError {
    /// Okta's description, cut to a length that a page can show.
    pub(super) fn denied(error: &str, description: &str) -> Self {
        let text = if description.is_empty() { error } else { description };
        Self::Denied(shown(text))
    }

    pub(in crate::access) const fn status(&self) -> StatusCode {
        match self {
            Self::Setting { .. } | Self::PrivateAddress(_) | Self::Http(_) => {
                StatusCode::INTERNAL_SERVER_ERROR
            }
            Self::NotSetUp => StatusCode::NOT_FOUND,
            Self::Unreachable { .. } | Self::Answer { .. } => StatusCode::BAD_GATEWAY,
            Self::Stale | Self::Denied(_) | Self::Exchange(..) | Self::Token(_) | Self::NotAllowed { .. } => {
                StatusCode::FORBIDDEN
            }
        }
    }
}

/// External text: shortened, on one line, and without characters that change the direction of text.
pub(super) fn shown(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    visible(&line).chars().take(LONGEST).collect()
}
