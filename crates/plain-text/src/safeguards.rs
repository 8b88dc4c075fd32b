//! Violations of safeguards in plain text.

use jiff::SignedDuration;
use sync_engine::{Recent, SafeguardViolation};

use crate::units::{count, number, percent, span};

/// The violation, with its share and limit.
pub(super) fn violation(violation: &SafeguardViolation) -> String {
    format!("safeguard triggered: {}", excess(violation))
}

fn excess(violation: &SafeguardViolation) -> String {
    match violation {
        SafeguardViolation::EmptyListing { kind, total } => format!(
            "Okta returned no {kind}s, but {} are synced; the app may have lost its admin role",
            number(*total)
        ),
        SafeguardViolation::TooManyRetired { kind, retired, recent, total, max_percent } => {
            let objects = of(*retired, *total, kind.as_str());
            format!("{objects} would be retired{}", share(*retired, recent, *total, *max_percent))
        }
        SafeguardViolation::TooManyMembershipsRemoved { removed, recent, total, max_percent } => {
            let memberships = of(*removed, *total, "membership");
            format!("{memberships} would be removed{}", share(*removed, recent, *total, *max_percent))
        }
        SafeguardViolation::TooManyValuesCleared { kind, field, removed, recent, total, max_percent } => {
            let objects = of(*removed, *total, kind.as_str());
            format!(
                "the attribute `{field}` would be cleared on {objects}{}",
                share(*removed, recent, *total, *max_percent)
            )
        }
        SafeguardViolation::TooManyPruned { kind, pruned, total, max_percent } => {
            let none = Recent { count: 0, window: SignedDuration::ZERO };
            let objects = of(*pruned, *total, kind.as_str());
            format!("{objects} would be deleted{}", share(*pruned, &none, *total, *max_percent))
        }
        SafeguardViolation::MissingObjectsRemoved => {
            "the import removes missing objects, so it would delete all unchanged objects".to_owned()
        }
    }
}

/// A part of all objects of a kind: `7 of 12 users`.
fn of(part: u64, total: u64, noun: &str) -> String {
    format!("{} of {}", number(part), count(total, noun))
}

/// The share with its limit, after the earlier changes that count: `, after 20 in the last 1 h (21%, limit 20%)`.
fn share(part: u64, recent: &Recent, total: u64, max_percent: f64) -> String {
    let earlier = match recent.count {
        0 => String::new(),
        n => format!(", after {} in the last {}", number(n), span(recent.window.unsigned_abs().as_secs())),
    };
    format!("{earlier} ({}, limit {max_percent}%)", percent(part + recent.count, total))
}
