//! Sentences of the objects pages.

pub(crate) const OBJECTS: &str = "Compare users and groups in Okta and Assets.";
pub(crate) const NO_OBJECTS: &str = "No objects yet";
pub(crate) const NO_OBJECTS_TEXT: &str =
    "The first full sync adds objects. Until then, search Okta by name, username, or Okta ID.";
pub(crate) const NO_MATCH: &str = "No matching objects";
pub(crate) const NO_MATCH_TEXT: &str = "Search by name, username, or Okta ID.";
pub(crate) const NO_SYNCED_MATCH: &str = "No matching synced objects";
pub(crate) const NO_SYNCED_MATCH_TEXT: &str =
    "Okta couldn't be searched, so objects that aren't synced yet may be missing here. Try again later.";
pub(crate) const MORE: &str = "Only the first matches are shown. To see others, enter more of the name.";

pub(crate) fn okta_unavailable(reason: &str) -> String {
    format!("Okta couldn't be searched: {reason}")
}

pub(crate) const RESEND_REQUESTED: &str = "The object is read from Okta again and resent.";
pub(crate) const RESEND_REQUESTED_TEXT: &str = "Reload this page in a moment to see the result.";
pub(crate) const NOT_IN_OKTA: &str = "Okta doesn't have this object. It was deleted or never existed.";
pub(crate) const MEMBERSHIP_IN_OKTA: &str =
    "Okta has no separate object for a membership; it links a user and a group.";
pub(crate) const NOT_CONFIRMED: &str = "Assets hasn't confirmed a record of this object.";
pub(crate) const RESEND_PENDING: &str = "Resent soon, because an object that it refers to was added later.";
pub(crate) const NOT_IN_ASSETS: &str =
    "Assets doesn't have this object, or the Atlassian account can't see it.";
pub(crate) const DUPLICATES_REMEDY: &str = "Keep one of them in Assets and delete the others.";
pub(crate) const STALE_REMEDY: &str = "An Atlassian account clears it, if the connection has one.";
pub(crate) const NO_EVENTS: &str = "No related events are stored.";

pub(crate) fn duplicates(keys: &str) -> String {
    format!("Other objects have the same Okta ID: {keys}")
}

pub(crate) fn stale(attribute: &str) -> String {
    format!("{attribute} was cleared in Okta but still has a value in Assets.")
}
