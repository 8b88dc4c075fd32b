//! IDs of the site and its import sources.

pub(super) const WORKSPACE: &str = "7b9c1f6e-sandbox";
pub(super) const CLOUD: &str = "c10d1d00-sandbox";
/// The import source that accounts see.
pub(super) const SOURCE: &str = Ids::FIRST.source;

/// The names of an import source and of the object schema that it fills.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ids {
    pub(super) source: &'static str,
    pub(super) schema: &'static str,
}

impl Ids {
    pub(crate) const FIRST: Self = Self { source: "a1b2c3d4-source", schema: "7" };
    pub(crate) const OTHER: Self = Self { source: "e5f6a7b8-source", schema: "8" };
}

/// The ID of the object schema with this number.
pub(super) fn schema_id(ids: Ids, deletions: usize) -> String {
    if deletions == 0 { ids.schema.to_owned() } else { format!("{}{deletions}", ids.schema) }
}
