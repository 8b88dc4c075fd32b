//! The place of confirmations: an import source, and the schema that receives its records.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_model::ObjectKind;

/// The reason why the values of a field can't be stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum WithheldReason {
    /// The attribute or its object type doesn't exist.
    Missing,
    /// The mapping in Assets doesn't include the attribute, because it was renamed.
    Unmapped,
    /// The cardinality of the attribute is too low.
    Cardinality {
        /// The present maximum cardinality.
        present: i32,
        /// The required cardinality; -1 for unlimited.
        wanted: i32,
    },
    /// The type of the attribute can't store all values.
    Type {
        /// The type in Assets.
        present: String,
        /// The required type.
        wanted: String,
    },
    /// The import drops values that aren't options of the select attribute.
    Options,
    /// The attribute refers to another object type.
    Target {
        /// The object type in Assets.
        present: String,
        /// The required object type.
        wanted: String,
    },
    /// The self-test refuted the form of several references.
    ReferenceForm,
}

/// A field and its attribute in the target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldState {
    /// The attribute, as `type: attribute`.
    pub attribute: String,
    /// True if the attribute identifies objects.
    #[serde(default)]
    pub is_identity: bool,
    /// The type, target, and options of the attribute, for comparison.
    pub shape: String,
    /// The reason why its values cannot be stored; `None` when they are stored.
    #[serde(default)]
    pub withheld: Option<WithheldReason>,
}

/// A field whose values are withheld, because Assets would drop them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct WithheldField {
    /// The kind of the records.
    pub kind: ObjectKind,
    /// The record's field.
    pub field: String,
    /// The attribute, as `type: attribute`.
    pub attribute: String,
    /// The reason.
    pub reason: WithheldReason,
}

/// Objects that lost their identifying value, with its attribute: the target creates duplicates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unidentified {
    /// The attribute, as `type: attribute`.
    pub attribute: String,
    /// The number of objects that were confirmed; others may have been deleted since.
    pub count: u64,
}

/// An import source and the structure that receives its records.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// The origin that the import source is reached at.
    #[serde(default)]
    pub origin: Option<String>,
    /// The ID of the import source.
    #[serde(default)]
    pub import_source: Option<String>,
    /// The ID of the workspace.
    #[serde(default)]
    pub workspace: Option<String>,
    /// The ID of the object schema; `None` where it cannot be read.
    #[serde(default)]
    pub object_schema: Option<String>,
    /// The ID of the object schema of the last execution; an import token can read it as well.
    #[serde(default)]
    pub filled_schema: Option<String>,
    /// The IDs of the object types that executions named.
    #[serde(default)]
    pub filled_types: BTreeMap<ObjectKind, String>,
    /// The fields of records, by kind.
    pub fields: BTreeMap<ObjectKind, BTreeMap<String, FieldState>>,
    /// Objects without an identity, which the next full run reports.
    #[serde(default)]
    pub unidentified: BTreeMap<ObjectKind, Unidentified>,
    /// The number of times that confirmations were invalidated; a sync that started before the last time isn't resumed.
    #[serde(default)]
    pub doubts: u64,
}

impl Place {
    /// True if everything of it is the same in another, which may have more.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let ids = |place: &Self| {
            let Self { origin, import_source, workspace, object_schema, .. } = place;
            (origin.clone(), import_source.clone(), workspace.clone(), object_schema.clone())
        };
        let same = |kind, field, state| other.fields.get(kind).and_then(|f| f.get(field)) == Some(state);
        ids(self) == ids(other)
            && self.fields.iter().all(|(kind, fields)| fields.iter().all(|(field, s)| same(kind, field, s)))
    }

    /// The fields whose values are not sent. Without an identity nothing can be sent, so that is never withheld.
    pub fn withheld(&self) -> Vec<WithheldField> {
        let fields = self.fields.iter().flat_map(|(kind, fields)| fields.iter().map(move |f| (*kind, f)));
        fields
            .filter(|(_, (_, state))| !state.is_identity)
            .filter_map(|(kind, (field, state))| {
                let (field, attribute) = (field.clone(), state.attribute.clone());
                Some(WithheldField { kind, field, attribute, reason: state.withheld.clone()? })
            })
            .collect()
    }
}

/// Confirmations that may not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LostValues {
    /// The values of some fields, by kind.
    Values(BTreeMap<ObjectKind, Vec<String>>),
    /// Everything.
    Everything,
}
