//! Violations of safeguards in plain text.

use jiff::SignedDuration;
use sync_engine::{Recent, SafeguardViolation};

use super::units::{count, number, percent, span};

/// The violation, with its share and limit.
pub(super) fn violation(violation: &SafeguardViolation) -> String {
    format!("safeguard triggered: {}", excess(violation))
}

fn excess(violation: &SafeguardViolation) -> String {
    match violation {
        SafeguardViolation::EmptyListing { kind, known } => format!(
            "Okta returned no {kind}s, but {} are synced; the app may have lost its admin role",
            number(*known)
        ),
        SafeguardViolation::TooManyRetired { kind, gone, recent, known, max_percent } => {
            let objects = of(*gone, *known, kind.as_str());
            format!("{objects} would be retired{}", share(*gone, recent, *known, *max_percent))
        }
        SafeguardViolation::TooManyMembershipsRemoved { lost, recent, known, max_percent } => {
            let memberships = of(*lost, *known, "membership");
            format!("{memberships} would be removed{}", share(*lost, recent, *known, *max_percent))
        }
        SafeguardViolation::TooManyValuesCleared { kind, field, lost, recent, known, max_percent } => {
            let objects = of(*lost, *known, kind.as_str());
            format!(
                "the attribute `{field}` would be cleared on {objects}{}",
                share(*lost, recent, *known, *max_percent)
            )
        }
        SafeguardViolation::TooManyPruned { kind, pruned, known, max_percent } => {
            let none = Recent { count: 0, window: SignedDuration::ZERO };
            let objects = of(*pruned, *known, kind.as_str());
            format!("{objects} would be deleted{}", share(*pruned, &none, *known, *max_percent))
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
