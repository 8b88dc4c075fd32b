//! Errors of signing in.

use std::time::Duration;

use sync_engine::StoreError;

use super::oidc::OidcError;

/// The reason why a sign-in failed, for the sign-in page.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignInError {
    /// Too many recent failed attempts.
    #[error("too many failed sign-ins; try again in {}", seconds(*.wait))]
    Throttled {
        /// The time until the next attempt is accepted.
        wait: Duration,
    },
    /// The token is unknown, revoked, or expired.
    #[error("this token is unknown, revoked, or expired")]
    Token,
    /// The form expired, or was sent by another site.
    #[error("the sign-in form expired or came from another site; try again")]
    Form,
    /// The sign-in with Okta failed.
    #[error(transparent)]
    Okta(#[from] OidcError),
    /// The state store failed.
    #[error("could not store the session; check the daemon's log")]
    Store(#[from] StoreError),
}

fn seconds(wait: Duration) -> String {
    match wait.as_secs().max(1) {
        1 => "1 second".to_owned(),
        n => format!("{n} seconds"),
    }
}
