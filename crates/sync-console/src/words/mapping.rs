//! Sentences of the schema pages.

use super::text::count;

pub(crate) const SCHEMA: &str = "Compare the attributes in Okta and Assets.";
pub(crate) const UNAVAILABLE: &str = "No comparison";
pub(crate) const UNAVAILABLE_TEXT: &str = "This connection is unavailable. Its overview shows the reason.";
pub(crate) const MATCH: &str = "Schemas match.";

pub(crate) fn new_attributes(attributes: u64) -> String {
    if attributes == 1 {
        "1 attribute isn't in Assets yet.".to_owned()
    } else {
        format!("{} aren't in Assets yet.", count(attributes, "attribute"))
    }
}

pub(crate) const NEW_REMEDY: &str = "To create missing attributes, press Setup on the Setup page.";
pub(crate) const DRIFT: &str = "These differences aren't corrected automatically.";
pub(crate) const NO_ATTRIBUTES: &str = "No matching attributes. The filter hides";

pub(crate) const SELECT: &str =
    "Select the profile attributes to sync, with their names and types in Assets.";
pub(crate) const PREVIEW: &str =
    "The preview shows the effect. It saves nothing and changes nothing in Assets.";
pub(crate) const APPLY: &str = "Applying saves this selection and runs setup again, which adds new attributes in Assets. It deletes nothing there.";
pub(crate) const NOT_SAVED: &str = "Nothing was saved. Change the selection or try again.";
pub(crate) const UNCHANGED: &str = "This selection changes nothing.";
pub(crate) const VALUES_ONLY: &str = "The attributes don't change, but values may.";
pub(crate) const NO_LINES: &str = "All attributes have default settings, so there are no lines. Delete the attribute settings from the file.";

pub(crate) fn timed_out(seconds: u64) -> String {
    format!("Okta and Assets didn't respond within {seconds} s")
}

pub(crate) fn select_one(kind: &str) -> String {
    format!("select at least one attribute of {kind}s if new attributes are excluded")
}

pub(crate) fn wrong_type(name: &str, kind: &str, given: &str) -> String {
    format!("the attribute {name} of {kind}s doesn't support the type {given}")
}
