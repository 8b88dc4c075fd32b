//! Values that aren't sent, in plain text.

use sync_engine::{WithheldField, WithheldReason};

/// The field and the reason.
pub(super) fn withheld(field: &WithheldField) -> String {
    format!("{}: values aren't sent, because {}", field.attribute, reason(&field.reason))
}

fn reason(reason: &WithheldReason) -> String {
    match reason {
        WithheldReason::Missing => "the attribute isn't in Assets".to_owned(),
        WithheldReason::Unmapped => "the mapping in Assets doesn't include the attribute".to_owned(),
        WithheldReason::Cardinality { present, wanted: -1 } => {
            format!("the cardinality of the attribute is {present} instead of unlimited")
        }
        WithheldReason::Cardinality { present, wanted } => {
            format!("the cardinality of the attribute is {present} instead of {wanted}")
        }
        WithheldReason::Type { present, wanted } => {
            format!("the attribute has the type {present} instead of {wanted}")
        }
        WithheldReason::Options => "the import drops values that aren't options of the attribute".to_owned(),
        WithheldReason::ReferenceForm => "no tested form of several references works".to_owned(),
        WithheldReason::Target { present, wanted } => {
            format!("the attribute refers to the object type {present} instead of {wanted}")
        }
    }
}
