//! The form of several references.

use serde::{Deserialize, Serialize};

/// The way an import expresses several references of one object. Atlassian documents none for external imports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ReferenceForm {
    /// The placeholder for each value: `IN (${groups${0}})`. Atlassian documents it for Assets placeholders in general.
    #[default]
    EachValue,
    /// The placeholder for the field: `IN (${groups})`. Works where Assets separates the values of a list.
    JoinedValues,
    /// The record once for each reference, all in one chunk: `= ${groups}`. Works where Assets merges entries of the same
    /// identity.
    RowPerReference,
}

impl ReferenceForm {
    /// Every form, in the order in which they are tried.
    pub const ALL: [Self; 3] = [Self::EachValue, Self::JoinedValues, Self::RowPerReference];

    /// The word for it in settings and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EachValue => "each_value",
            Self::JoinedValues => "joined_values",
            Self::RowPerReference => "row_per_reference",
        }
    }
}
