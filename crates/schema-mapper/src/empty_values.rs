//! Values that were cleared in Okta and that Assets would keep.
//!
//! Records hold an explicit empty form for every mapped field. An import source setting, which no API changes, controls
//! if Assets clears a value that arrives empty; otherwise the value must be cleared in another way.

use sync_model::{Record, RecordKey, is_empty};

use crate::mapping::Mapping;

/// The import source's handling of empty values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmptyValues {
    /// It keeps the previous value.
    Ignored,
    /// It clears the attribute.
    Removed,
}

impl EmptyValues {
    /// From the settings of an object type for empty values. Without a setting, Assets' default applies, which is to
    /// ignore them.
    pub const fn from_setting(ignored: Option<bool>) -> Self {
        match ignored {
            Some(false) => Self::Removed,
            Some(true) | None => Self::Ignored,
        }
    }
}

/// A value that was cleared in Okta and will remain in Assets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct DroppedValue {
    /// The object's key.
    pub key: RecordKey,
    /// The name of the object type.
    pub object_type: String,
    /// The attribute's name in Assets.
    pub attribute: String,
    /// The attribute's external id.
    pub external_id: String,
}

impl Mapping {
    /// The values that Assets keeps when the record that it last confirmed is followed by a new one, given what the
    /// import source does with empty values of this object type. To be cleared with an account's credential after the
    /// import, or else counted.
    pub fn dropped_values(&self, empty: EmptyValues, last: &Record, new: &Record) -> Vec<DroppedValue> {
        if empty == EmptyValues::Removed {
            return Vec::new();
        }
        let has = |record: &Record, field: &str| record.fields.get(field).is_some_and(|v| !is_empty(v));
        let kind = new.key.kind;
        self.attributes(kind)
            .iter()
            .filter(|a| has(last, &a.locator) && !has(new, &a.locator))
            .map(|a| DroppedValue {
                key: new.key.clone(),
                object_type: self.type_name(kind).to_owned(),
                attribute: a.name.clone(),
                external_id: a.external_id.clone(),
            })
            .collect()
    }
}
