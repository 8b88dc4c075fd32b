//! The key that assertions are signed with, and the ID that it is sent under.

use std::sync::atomic::{AtomicBool, Ordering};

use josekit::jwt::JwtPayload;

use crate::error::{Error, Result};
use crate::key::PrivateKey;

/// The app's private key. Without a known ID, none is sent; Okta accepts that while the app has one key. If Okta
/// requires an ID, the thumbprint is tried once: key pairs that this crate generates are registered with it.
pub(super) struct AppKey {
    key: PrivateKey,
    /// The key with its thumbprint, if no ID is known.
    own: Option<PrivateKey>,
    sends_own: AtomicBool,
}

impl AppKey {
    pub(super) fn new(key: PrivateKey) -> Self {
        Self { own: key.under_own_id(), key, sends_own: AtomicBool::new(false) }
    }

    pub(super) fn sign(&self, claims: &JwtPayload) -> Result<String> {
        let own = self.own.as_ref().filter(|_| self.sends_own.load(Ordering::Relaxed));
        own.unwrap_or(&self.key).sign_with_kid(claims).map_err(Error::Signing)
    }

    /// True if another attempt with the key's own ID may succeed after this rejection.
    pub(super) fn has_other_id(&self, error: &str, description: &str) -> bool {
        // Okta has no error code for this case.
        let unknown_id = error == "invalid_client" && description.contains("kid");
        if self.own.is_none() || !unknown_id {
            return false;
        }
        // If it is rejected as well, it isn't sent again: the app's keys may change.
        !self.sends_own.fetch_xor(true, Ordering::Relaxed)
    }
}
