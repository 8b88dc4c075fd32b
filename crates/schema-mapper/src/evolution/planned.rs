//! A wanted object type beside the one in Assets.

use std::collections::HashMap;

use insight_import_client::document::{Attribute, ObjectType};

/// A wanted object type and the one in Assets.
pub(super) struct Planned<'d> {
    pub(super) want: &'d ObjectType,
    pub(super) have: Option<&'d ObjectType>,
    /// Its name in Assets, now or after the change.
    pub(super) name: String,
    /// Its attributes' names in Assets, now or after the change, by external id.
    pub(super) names: HashMap<&'d str, String>,
    /// The attributes to add.
    pub(super) added: Vec<Attribute>,
}

/// The end of an external ID, which distinguishes attributes with the same title.
pub(super) fn end(external_id: &str) -> &str {
    external_id.rsplit('/').next().unwrap_or(external_id)
}
