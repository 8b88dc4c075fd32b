//! Why a sign-in with Okta failed, in words for the sign-in page.

use axum::http::StatusCode;
use outbound::{NotReached, PrivateAddress};

use sync_service::visible;

use super::IdTokenError;

/// The longest text of somebody else that is shown.
const LONGEST: usize = 300;

/// Why a sign-in with Okta failed. The words are for the sign-in page; no code and no token is ever in them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OidcError {
    /// A setting cannot work.
    #[error("{key}: {problem}")]
    Setting {
        /// The setting, below the section of OpenID Connect.
        key: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The org has a private address, which is not allowed.
    #[error(transparent)]
    PrivateAddress(#[from] PrivateAddress),
    /// There is no such sign-in here.
    #[error("signing in with Okta is not set up here; use an access token")]
    NotSetUp,
    /// The answer is not to a question of this browser, or comes too late.
    #[error("this sign-in began in another browser or took longer than ten minutes; begin again")]
    Stale,
    /// Okta refused the person.
    #[error("Okta did not sign you in: {0}")]
    Denied(String),
    /// Okta could not be asked.
    #[error("Okta could not be asked for {what}; try again in a moment")]
    Unreachable {
        /// What it was asked for.
        what: &'static str,
        /// Why.
        #[source]
        source: Box<NotReached>,
    },
    /// Okta answered with something that is of no use.
    #[error("what Okta answered when asked for {what} cannot be used: {problem}")]
    Answer {
        /// What it was asked for.
        what: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Okta refused the code, or us.
    #[error(
        "Okta did not accept this sign-in ({0}); begin again, and if it stays so have the app's {1} checked"
    )]
    Exchange(String, &'static str),
    /// The ID token does not prove anything.
    #[error("Okta's ID token does not prove who you are: {0}")]
    Token(#[from] IdTokenError),
    /// The person is in none of the groups that may use the console.
    #[error("{who} is in none of the groups that may use this console: {needed}")]
    NotAllowed {
        /// Whom Okta has signed in.
        who: String,
        /// The groups, and what each allows.
        needed: String,
    },
    /// The HTTP client could not be made.
    #[error("the HTTP client for Okta could not be made")]
    Http(#[source] reqwest::Error),
}

impl OidcError {
    /// What Okta said, cut to a length that a page can show.
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

/// A text from outside, short, on one line, and without marks that turn the direction of what follows.
pub(super) fn shown(text: &str) -> String {
    let line: String = text.chars().filter(|c| !c.is_control()).take(LONGEST).collect();
    visible(&line).chars().take(LONGEST).collect()
}
