//! Violations of safeguards as sentences.

use maud::{Markup, html};
use plain_text::units::{percent, span};
use sync_engine::{Recent, SafeguardViolation};

use super::text::{count, number};

/// The violation, with its share and limit.
pub(super) fn violation(violation: &SafeguardViolation) -> Markup {
    html! { "A safeguard was triggered: " (excess(violation)) "." }
}

fn excess(violation: &SafeguardViolation) -> Markup {
    match violation {
        SafeguardViolation::EmptyListing { kind, total } => html! {
            "Okta returned no " (kind) "s, but " (number(*total)) " are synced. The app may have lost its admin role"
        },
        SafeguardViolation::TooManyRetired { kind, retired, recent, total, max_percent } => html! {
            (of(*retired, *total, kind.as_str())) " would be retired" (share(*retired, Some(*recent), *total, *max_percent))
        },
        SafeguardViolation::TooManyMembershipsRemoved { removed, recent, total, max_percent } => html! {
            (of(*removed, *total, "membership")) " would be removed" (share(*removed, Some(*recent), *total, *max_percent))
        },
        SafeguardViolation::TooManyValuesCleared { kind, field, removed, recent, total, max_percent } => {
            html! {
                "the attribute " code { (field) } " would be cleared on " (of(*removed, *total, kind.as_str()))
                (share(*removed, Some(*recent), *total, *max_percent))
            }
        }
        SafeguardViolation::TooManyPruned { kind, pruned, total, max_percent } => html! {
            (of(*pruned, *total, kind.as_str())) " would be deleted" (share(*pruned, None, *total, *max_percent))
        },
        SafeguardViolation::MissingObjectsRemoved => {
            html! { "the import removes missing objects, so it would delete all unchanged objects" }
        }
    }
}

/// A part of all objects of a kind: `7 of 12 users`.
fn of(part: u64, total: u64, noun: &str) -> String {
    format!("{} of {}", number(part), count(total, noun))
}

/// The share with its limit, after the earlier changes that count: `, after 20 in the last 1 h (21%, limit 20%)`.
fn share(part: u64, recent: Option<Recent>, total: u64, max_percent: f64) -> Markup {
    let recent = recent.filter(|recent| recent.count > 0);
    let all = part + recent.map_or(0, |recent| recent.count);
    html! {
        @if let Some(recent) = recent {
            ", after " (number(recent.count)) " in the last " (span(recent.window.unsigned_abs().as_secs()))
        }
        " (" (percent(all, total)) ", limit " (max_percent) "%)"
    }
}
