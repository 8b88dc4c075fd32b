//! A run at work.

use std::collections::BTreeMap;

use sync_model::{ObjectKind, Record, RunId};

use crate::{EngineError, MappingView, Objects, RunKind};

/// A run and the view that it works by from its beginning to its end.
#[derive(Clone)]
pub(crate) struct ActiveRun {
    pub(crate) id: RunId,
    pub(crate) kind: RunKind,
    pub(crate) view: MappingView,
}

impl ActiveRun {
    /// True if the run sends what it stages. One that only shows it leaves no trace behind.
    pub(crate) fn sends(&self) -> bool {
        self.kind != RunKind::Plan
    }
}

impl MappingView {
    /// The account's way to objects, or the reason why there is none.
    pub(crate) fn account(&self) -> Result<&dyn Objects, EngineError> {
        self.objects.as_deref().ok_or(EngineError::NoAccount)
    }

    /// The fields of records that hold what people call an object.
    pub(crate) fn labels(&self) -> BTreeMap<ObjectKind, String> {
        let label = |kind| Some((kind, self.directory.label(kind)?));
        ObjectKind::ALL.into_iter().filter_map(label).collect()
    }

    /// A short name for everything that decides how records are made: the mapping and the selection.
    pub(crate) fn rules(&self) -> String {
        format!("{} {}", self.version, self.directory.selection()).trim_end().to_owned()
    }
}

/// The text of a field, unless it is empty.
pub(crate) fn text_of(record: &Record, field: &str) -> Option<String> {
    record.fields.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
