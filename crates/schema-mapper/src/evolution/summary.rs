//! The differences of two documents.

use insight_import_client::document::SchemaAndMapping;

use super::correction::Correction;
use super::drift::Drift;

/// The differences of two documents.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Evolution {
    /// The smallest change that adds what is missing; `None` when nothing is.
    pub patch: Option<SchemaAndMapping>,
    /// Object types that are missing.
    pub added_types: Vec<String>,
    /// Attributes that are missing from types that exist, as `type: attribute`.
    pub added_attributes: Vec<String>,
    /// Differences that can't be changed this way, or that need attention.
    pub drift: Vec<Drift>,
    /// The part of the drift that REST can put right with an account's credential. Read the document and compare again
    /// afterwards: a reference is found by an attribute's name, and the mapping follows.
    pub corrections: Vec<Correction>,
    /// Attributes that are there and that the mapping in Assets does not fill as it should, by the external IDs of the object
    /// type and the attribute: it still names something that was renamed.
    pub astray: Vec<(String, String)>,
}
