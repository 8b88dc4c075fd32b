//! Settings that an administrator changes at the import source and the site.

use std::collections::BTreeSet;

use serde_json::Value;

use super::aql::Placeholders;

/// The default maximum size of a chunk.
const CHUNK_LIMIT: usize = 10 << 20;

#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// No execution can be started.
    pub(super) disabled: bool,
    /// Values that arrive empty: removed, or ignored as Assets does by default.
    pub(super) ignore_empty: bool,
    /// Unknown select options: added, or ignored as Assets does by default.
    pub(super) ignore_unknown: bool,
    /// Objects that an import does not hold are removed; Assets leaves them alone by default.
    pub(super) remove_missing: bool,
    /// The cardinalities of a document are not heeded, as operators report.
    pub(super) one_value_only: bool,
    /// An attribute is only changed by a complete body.
    pub(super) reject_unmarked: bool,
    /// The import token may not read the settings.
    pub(super) account_only: bool,
    /// Records with these values are always rejected.
    pub(super) reject_marked: bool,
    chunk_limit: Option<usize>,
    /// The maximum number of objects of the site.
    pub(super) object_limit: Option<usize>,
    /// Objects of other schemas of the site.
    pub(super) objects_elsewhere: usize,
    /// Requests a minute.
    pub(super) rate_limit: Option<u64>,
    /// External ids that another object schema of the site has.
    pub(super) elsewhere: BTreeSet<String>,
    /// The placeholders that yield several values.
    pub(super) placeholders: Placeholders,
    /// The treatment of an identity that is repeated in an execution.
    pub(super) repeated: Repeated,
}

/// The treatment of an identity that is repeated in an execution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Repeated {
    /// The first entry counts.
    #[default]
    First,
    /// The last entry counts.
    Last,
    /// The values of the first entry count, and the references of all.
    Merged,
}

impl Settings {
    /// Applies the given settings; the other ones stay.
    pub(super) fn change(&mut self, wanted: &Value) {
        for (name, setting) in [
            ("disabled", &mut self.disabled),
            ("ignoreEmptyValues", &mut self.ignore_empty),
            ("ignoreUnknownValues", &mut self.ignore_unknown),
            ("removeMissingObjects", &mut self.remove_missing),
            ("ignoreCardinality", &mut self.one_value_only),
            ("refuseBareAttributeBody", &mut self.reject_unmarked),
            ("settingsForAccountOnly", &mut self.account_only),
            ("refuseMarkedRecords", &mut self.reject_marked),
        ] {
            *setting = wanted[name].as_bool().unwrap_or(*setting);
        }
        if let Some(forms) = wanted["referenceForms"].as_array() {
            let works = |form: &str| forms.iter().any(|known| known == form);
            self.placeholders = Placeholders { each: works("eachValue"), lists: works("joinedValues") };
            self.repeated = if works("rowPerReference") { Repeated::Merged } else { Repeated::First };
        }
        match wanted["repeatedIdentity"].as_str() {
            Some("first") => self.repeated = Repeated::First,
            Some("last") => self.repeated = Repeated::Last,
            Some("merged") => self.repeated = Repeated::Merged,
            _ => {}
        }
        let number = |name: &str| wanted.get(name).map(Value::as_u64);
        let size = |n: Option<u64>| n.and_then(|n| usize::try_from(n).ok());
        if let Some(limit) = number("chunkLimit") {
            self.chunk_limit = size(limit);
        }
        if let Some(limit) = number("objectLimit") {
            self.object_limit = size(limit);
        }
        if let Some(objects) = number("objectsElsewhere") {
            self.objects_elsewhere = size(objects).unwrap_or_default();
        }
        if let Some(limit) = number("rateLimit") {
            self.rate_limit = limit;
        }
        if let Some(ids) = wanted["externalIdsElsewhere"].as_array() {
            self.elsewhere = ids.iter().filter_map(Value::as_str).map(str::to_owned).collect();
        }
    }

    /// The maximum size of a chunk, in bytes.
    pub(super) fn chunk_limit(&self) -> usize {
        self.chunk_limit.unwrap_or(CHUNK_LIMIT)
    }
}
