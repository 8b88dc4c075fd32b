//! Texts of records.

use sync_model::Record;

/// The text of a field, unless it is empty.
pub(crate) fn text_of(record: &Record, field: &str) -> Option<String> {
    record.fields.get(field)?.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}
