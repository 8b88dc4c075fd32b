//! A person with an Okta account.

use sync_store::access::Role;

/// A person who signed in with Okta and has access to the console.
pub(in crate::access) struct Person {
    pub(in crate::access) principal: String,
    pub(in crate::access) role: Role,
}
