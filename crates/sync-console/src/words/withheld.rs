//! Values that aren't sent, as sentences.

use maud::{Markup, html};
use sync_engine::{WithheldField, WithheldReason};

/// The field and the reason.
pub(super) fn withheld(field: &WithheldField) -> Markup {
    html! { (field.attribute) ": values aren't sent, because " (reason(&field.reason)) "." }
}

fn reason(reason: &WithheldReason) -> Markup {
    match reason {
        WithheldReason::Missing => html! { "the attribute isn't in Assets" },
        WithheldReason::Unmapped => html! { "the mapping in Assets doesn't include the attribute" },
        WithheldReason::Cardinality { present, wanted } => html! {
            "the cardinality of the attribute is " (present) " instead of "
            @if *wanted == -1 { "unlimited" } @else { (wanted) }
        },
        WithheldReason::Type { present, wanted } => {
            html! { "the attribute has the type " (present) " instead of " (wanted) }
        }
        WithheldReason::Options => {
            html! { "the import drops values that aren't options of the attribute" }
        }
        WithheldReason::ReferenceForm => html! { "no tested form of several references works" },
        WithheldReason::Target { present, wanted } => {
            html! { "the attribute refers to the object type " (present) " instead of " (wanted) }
        }
    }
}
