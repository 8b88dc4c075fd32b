//! Sentences of sign-in, access tokens, and error pages.

pub(crate) const SESSION_ENDED: &str = "Your session ended.";
pub(crate) const SESSION_ENDED_REMEDY: &str = "Sign in again to continue.";
pub(crate) const SIGNED_OUT: &str = "You signed out.";

/// The reason why the last administrator token has no button to revoke it.
pub(crate) const LAST_ADMIN: &str = "Can't be revoked: this is the last valid administrator token.";
pub(crate) const LAST_ADMIN_REMEDY: &str = "Create another administrator token first.";
pub(crate) const REVOKE_OWN: &str = "You signed in with this token. Revoking it signs you out.";
pub(crate) const REVOKE: &str = "Revoking ends all sessions of this token. It can't be undone.";
pub(crate) const COPY_NOW: &str = "Copy it now. It is shown only once.";
pub(crate) const NO_AUDIT: &str =
    "No entries yet. Each change in the console, the API, and the command line adds one.";
pub(crate) const TOO_LONG: &str = "The expiration is too far in the future.";

pub(crate) const NOT_FOUND: &str = "Not found";
pub(crate) const PAGE_NOT_FOUND: &str = "Page not found";
pub(crate) const NO_PAGE: &str = "This address doesn't exist.";
pub(crate) const NO_PAGE_HINT: &str = "Start from the list of connections.";
pub(crate) const INVALID_REQUEST: &str = "Invalid request";
pub(crate) const INVALID_REQUEST_HINT: &str = "Go back, correct the request, and try again.";
pub(crate) const INTERNAL_ERROR: &str = "Internal error";
pub(crate) const INTERNAL_ERROR_HINT: &str = "Try again. If the error persists, check the daemon's log.";

/// The message for an address that names nothing.
pub(crate) fn missing(thing: &str) -> String {
    format!("This {thing} doesn't exist.")
}

/// The likely cause of a missing thing.
pub(crate) fn missing_hint(thing: &str) -> &'static str {
    match thing {
        "connection" => "It may have been removed or saved under a different name.",
        "run" | "event" => "Check the address. The history may have expired.",
        "object" => "It is neither in Okta nor in the synced objects. Check the ID in the address.",
        _ => "Check the address.",
    }
}
