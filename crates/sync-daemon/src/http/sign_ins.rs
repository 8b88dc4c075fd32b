//! Sign-ins that the console rejected, for the metrics.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A reason to reject a sign-in or a request with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusedSignIn {
    /// The token is unknown, revoked, or expired.
    Token,
    /// Too many recent failures of this client or with the same token prefix.
    Throttled,
    /// The sign-in with Okta didn't complete.
    OpenId,
}

impl RefusedSignIn {
    const ALL: [Self; 3] = [Self::Token, Self::Throttled, Self::OpenId];

    /// Its name in metrics.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Throttled => "throttled",
            Self::OpenId => "openid",
        }
    }
}

/// Counts of rejected sign-ins by reason, since the process started. A clone shares the counts.
#[derive(Debug, Clone, Default)]
pub struct RefusedSignIns(Arc<[AtomicU64; RefusedSignIn::ALL.len()]>);

impl RefusedSignIns {
    /// Counts one more.
    pub fn count(&self, reason: RefusedSignIn) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// The counts, each reason once.
    pub fn counts(&self) -> impl Iterator<Item = (RefusedSignIn, u64)> {
        RefusedSignIn::ALL.into_iter().map(|reason| (reason, self.0[reason as usize].load(Ordering::Relaxed)))
    }
}
