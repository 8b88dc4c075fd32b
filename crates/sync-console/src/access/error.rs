//! Why nobody was signed in.

use std::time::Duration;

use sync_service::engine::StoreError;

use super::oidc::OidcError;

/// Why nobody was signed in, in words for the page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Too many attempts failed lately.
    #[error("too many sign-ins failed lately; try again in {}", seconds(*.wait))]
    Throttled {
        /// For how long nothing is tried.
        wait: Duration,
    },
    /// The token is not one of ours.
    #[error(
        "this token is unknown, revoked or expired; make another with `okta-insight tokens create` where the daemon runs"
    )]
    Token,
    /// The form does not come from this browser's sign-in page, or that is too old.
    #[error("the page was too old to sign in with, or another site sent it; try again")]
    Form,
    /// Okta did not sign the person in, or not one of ours.
    #[error(transparent)]
    Okta(#[from] OidcError),
    /// The state store failed.
    #[error("the session could not be kept; look into the log of the daemon")]
    Store(#[from] StoreError),
}

fn seconds(wait: Duration) -> String {
    match wait.as_secs().max(1) {
        1 => "1 second".to_owned(),
        n => format!("{n} seconds"),
    }
}
