//! The changes of a plan by object, with old and new values.

use admin_api::PlanView;
use maud::{Markup, html};
use serde_json::Value;
use sync_engine::{ChangeKind, FieldChange, ObjectChange};
use sync_model::{ConnectionName, is_empty};

use super::super::components::{Tone, badge, count, scroll};
use super::super::links;
use crate::words::labels;

/// The maximum number of values shown of a list.
const VALUES: usize = 5;
/// The maximum length of a text; Okta has the whole value.
const LONG: usize = 200;
/// The maximum number of fields that are shown unfolded.
const FIELDS: usize = 6;

pub(super) fn table(connection: &ConnectionName, view: &PlanView) -> Markup {
    let objects = view.objects.as_deref().unwrap_or_default();
    if objects.is_empty() {
        return html! {};
    }
    let hidden = view.plan.changes().saturating_sub(objects.len() as u64);
    let rows = html! {
        table {
            caption { "Changes by object" }
            thead { tr { th scope="col" { "Object" } th scope="col" { "Change" } th scope="col" { "Values" } } }
            tbody { @for object in objects { (row(connection, object)) } }
        }
    };
    html! {
        (scroll("Changes by object", &rows))
        @if hidden > 0 {
            p.muted { (count(hidden, "more object")) " not shown. To save all of them, run " code { "okta-insight plan --out FILE" } " on the daemon's host." }
        }
    }
}

fn row(connection: &ConnectionName, object: &ObjectChange) -> Markup {
    let tone = match object.change {
        ChangeKind::Create => Tone::Good,
        ChangeKind::Update => Tone::Busy,
        ChangeKind::Retire => Tone::Warning,
    };
    html! {
        tr {
            th scope="row" {
                (links::object(connection, &object.key, object.name.as_deref()))
                div.small.muted { (object.key.kind) " " (object.key.id) }
            }
            td.nowrap { (badge(tone, labels::change(object.change))) }
            td.wide { (fields(object)) }
        }
    }
}

fn fields(object: &ObjectChange) -> Markup {
    let new = object.change == ChangeKind::Create;
    // All values of a new object are new.
    if new || object.fields.len() > FIELDS {
        html! {
            details id={ "values-" (object.key.kind) "-" (object.key.id) } {
                summary { (count(object.fields.len() as u64, "value")) }
                (list(&object.fields, new))
            }
        }
    } else {
        list(&object.fields, new)
    }
}

fn list(fields: &[FieldChange], new: bool) -> Markup {
    html! {
        dl.changes {
            @for field in fields {
                dt { code { (field.field) } }
                dd {
                    @if !new { del { (shown(&field.old)) } span aria-hidden="true" { " → " } }
                    ins { (shown(&field.new)) }
                }
            }
        }
    }
}

/// A value as text.
pub(in super::super) fn shown(value: &Value) -> String {
    match value {
        empty if is_empty(empty) => "(empty)".to_owned(),
        Value::String(text) => cut(text),
        Value::Array(items) => {
            let mut texts: Vec<String> = items.iter().take(VALUES).map(shown).collect();
            if items.len() > VALUES {
                texts.push(format!("and {} more", items.len() - VALUES));
            }
            texts.join(", ")
        }
        other => other.to_string(),
    }
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(LONG) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn long_values_are_cut() {
        assert_eq!(shown(&json!("")), "(empty)");
        assert_eq!(shown(&json!([])), "(empty)");
        assert_eq!(shown(&json!(["a", "b"])), "a, b");
        assert_eq!(shown(&json!(["1", "2", "3", "4", "5", "6", "7"])), "1, 2, 3, 4, 5, and 2 more");
        assert_eq!(shown(&json!(true)), "true");
        assert_eq!(shown(&json!("ä".repeat(300))).chars().count(), 201);
    }
}
