//! Both sides seen through one mapping.

use std::collections::BTreeMap;
use std::sync::Arc;

use sync_model::{ObjectKind, Record};

use crate::domain::error::EngineError;
use crate::domain::place::{Place, WithheldField};
use crate::ports::directory::Directory;
use crate::ports::importer::Importer;
use crate::ports::mapping_rules::MappingRules;
use crate::ports::target_objects::TargetObjects;

/// The directory and the import source, seen through one mapping. It never changes: another mapping is another view.
#[derive(Clone)]
pub struct MappingView {
    /// A short name for the mapping as Assets has it: the same for equal mappings.
    pub version: String,
    /// The place that records go to.
    pub place: Place,
    /// A short name for the compared object schema, as returned by [`TargetSchema::state`](crate::TargetSchema::state);
    /// `None` if it can't be read.
    pub target_schema: Option<String>,
    /// The rules that records are built by.
    pub rules: Arc<dyn MappingRules>,
    /// The source of truth.
    pub directory: Arc<dyn Directory>,
    /// The target of records.
    pub importer: Arc<dyn Importer>,
    /// Objects in Assets one by one; `None` without an account.
    pub objects: Option<Arc<dyn TargetObjects>>,
}

impl MappingView {
    /// The fields whose values are not sent, because the target would drop them.
    pub fn withheld(&self) -> Vec<WithheldField> {
        self.place.withheld()
    }

    /// A record as it is sent: without values that would be dropped.
    pub(crate) fn sendable(&self, mut record: Record) -> Record {
        if let Some(fields) = self.place.fields.get(&record.key.kind) {
            let is_withheld = |field: &String| {
                fields.get(field).is_some_and(|state| state.withheld.is_some() && !state.is_identity)
            };
            record.fields.retain(|field, _| !is_withheld(field));
        }
        record
    }
}

impl MappingView {
    /// The account's way to objects, or the reason why there is none.
    pub(crate) fn account(&self) -> Result<&dyn TargetObjects, EngineError> {
        self.objects.as_deref().ok_or(EngineError::NoAccount)
    }

    /// The fields of records that contain an object's display name.
    pub(crate) fn labels(&self) -> BTreeMap<ObjectKind, String> {
        let label = |kind| Some((kind, self.rules.label(kind)?.to_owned()));
        ObjectKind::ALL.into_iter().filter_map(label).collect()
    }

    /// A short name for the rules that records are built by: the mapping and the scope.
    pub(crate) fn rules_version(&self) -> String {
        format!("{} {}", self.version, self.rules.scope_version()).trim_end().to_owned()
    }
}
