//! Safeguards: limits to the objects, memberships, and values that a run may remove without an override.

use jiff::{SignedDuration, Timestamp};
use serde::de::{Error as _, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};
use sync_model::ObjectKind;

use crate::domain::removals::{ClearedField, PlannedRemovals, RemovedMemberships};
use crate::domain::schedule::interval;
use crate::domain::violation::{Recent, SafeguardViolation};

/// Limits on retired objects, removed memberships, and cleared values.
///
/// A safeguard triggers only if both its percentage and its minimum count are exceeded.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Safeguards {
    /// Maximum percentage of the current objects of a kind that a sync may retire, from 0 to 100. Triggers only if this
    /// percentage and `min_retired_count` are both exceeded.
    #[cfg_attr(feature = "json-schema", schemars(range(min = 0, max = 100)))]
    pub max_retired_percent: f64,
    /// Number of retired objects that never triggers the safeguard, regardless of their percentage.
    pub min_retired_count: u64,
    /// Maximum percentage of the current memberships that a sync may remove, from 0 to 100. Triggers only if this
    /// percentage and `min_removed_memberships_count` are both exceeded.
    #[cfg_attr(feature = "json-schema", schemars(range(min = 0, max = 100)))]
    pub max_removed_memberships_percent: f64,
    /// Number of removed memberships that never triggers the safeguard, regardless of their percentage.
    pub min_removed_memberships_count: u64,
    /// Maximum percentage of the values of one attribute that a sync may clear, from 0 to 100. Triggers only if this
    /// percentage and `min_cleared_values_count` are both exceeded.
    #[cfg_attr(feature = "json-schema", schemars(range(min = 0, max = 100)))]
    pub max_cleared_values_percent: f64,
    /// Number of cleared values that never triggers the safeguard, regardless of their percentage.
    pub min_cleared_values_count: u64,
    /// Time over which changes add up across runs and events, such as "1h".
    #[serde(
        serialize_with = "jiff::fmt::serde::duration::friendly::compact::required",
        deserialize_with = "some_time"
    )]
    #[cfg_attr(
        feature = "json-schema",
        schemars(with = "String", regex(pattern = "^[1-9][0-9]{0,3}(s|m|h|d)$"))
    )]
    pub window: SignedDuration,
    /// True if an administrator overrides the safeguards.
    #[serde(skip)]
    pub override_safeguards: bool,
}

/// Reads an [`interval`] that is longer than none.
fn some_time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SignedDuration, D::Error> {
    let text = String::deserialize(deserializer)?;
    interval(&text)
        .and_then(|time| SignedDuration::try_from(time).ok())
        .filter(SignedDuration::is_positive)
        .ok_or_else(|| {
            D::Error::invalid_value(Unexpected::Str(&text), &r#"a duration, such as "30m", "1h", or "1d""#)
        })
}

impl Default for Safeguards {
    fn default() -> Self {
        Self {
            max_retired_percent: 20.0,
            min_retired_count: 5,
            max_removed_memberships_percent: 20.0,
            min_removed_memberships_count: 50,
            max_cleared_values_percent: 20.0,
            min_cleared_values_count: 20,
            window: SignedDuration::from_hours(1),
            override_safeguards: false,
        }
    }
}

impl Safeguards {
    /// The percentages that aren't from 0 to 100, by key.
    pub fn invalid_percentages(&self) -> impl Iterator<Item = (&'static str, f64)> + use<> {
        let percentages = [
            ("max_retired_percent", self.max_retired_percent),
            ("max_removed_memberships_percent", self.max_removed_memberships_percent),
            ("max_cleared_values_percent", self.max_cleared_values_percent),
        ];
        percentages.into_iter().filter(|(_, value)| !is_percentage(*value))
    }

    /// The start of the window of recent removals.
    pub(crate) fn since(&self, now: Timestamp) -> Timestamp {
        now.checked_sub(self.window).unwrap_or(Timestamp::MIN)
    }

    /// Checks that `gone` of `known` objects of a kind may be retired, after `recent` others within the window.
    ///
    /// # Errors
    /// When they exceed a safeguard.
    pub fn check(
        &self,
        kind: ObjectKind,
        retired: u64,
        recent: u64,
        total: u64,
    ) -> Result<(), SafeguardViolation> {
        // Recent removals existed when the window began.
        let total = total + recent;
        if !self.override_safeguards
            && retired > 0
            && exceeds(retired + recent, self.min_retired_count, total, self.max_retired_percent)
        {
            let max_percent = self.max_retired_percent;
            return Err(SafeguardViolation::TooManyRetired {
                kind,
                retired,
                recent: self.recently(recent),
                total,
                max_percent,
            });
        }
        Ok(())
    }

    /// The removals from current objects that exceed a safeguard.
    pub(crate) fn too_much_lost(&self, losses: &PlannedRemovals) -> Vec<SafeguardViolation> {
        let RemovedMemberships { removed: ended, recent, total } = losses.memberships;
        let max_percent = self.max_removed_memberships_percent;
        let is_too_much = exceeds(
            ended + recent,
            self.min_removed_memberships_count,
            total + recent,
            self.max_removed_memberships_percent,
        );
        let memberships = (ended > 0 && is_too_much).then(|| SafeguardViolation::TooManyMembershipsRemoved {
            removed: ended,
            recent: self.recently(recent),
            total: total + recent,
            max_percent,
        });
        let is_too_much = |blanked: &&ClearedField| {
            let ClearedField { cleared: removed, recent, total, .. } = **blanked;
            exceeds(
                removed + recent,
                self.min_cleared_values_count,
                total + recent,
                self.max_cleared_values_percent,
            )
        };
        let blanked = losses.cleared_values.iter().filter(is_too_much).map(|blanked| {
            SafeguardViolation::TooManyValuesCleared {
                kind: blanked.kind,
                field: blanked.field.clone(),
                removed: blanked.cleared,
                recent: self.recently(blanked.recent),
                total: blanked.total + blanked.recent,
                max_percent: self.max_cleared_values_percent,
            }
        });
        memberships.into_iter().chain(blanked).collect()
    }

    const fn recently(&self, count: u64) -> Recent {
        Recent { count, window: self.window }
    }
}

/// True of a number from 0 to 100.
fn is_percentage(number: f64) -> bool {
    (0.0..=100.0).contains(&number)
}

/// True if the removals exceed both the minimum count and the percentage of the total. An invalid percentage permits
/// nothing, and 100 permits everything.
pub(crate) fn exceeds(removed: u64, min_count: u64, total: u64, max_percent: f64) -> bool {
    // Counts of objects are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let percent = (removed as f64 * 100.0 / total.max(1) as f64).min(100.0);
    removed > min_count && !(is_percentage(max_percent) && percent <= max_percent)
}

/// The numbers of removals that never trigger a safeguard, so that the totals need not be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SafeguardMinimums {
    /// Memberships.
    pub memberships: u64,
    /// Values of one attribute.
    pub values: u64,
}

impl SafeguardMinimums {
    /// That which the limits allow.
    pub const fn of(limits: &Safeguards) -> Self {
        Self { memberships: limits.min_removed_memberships_count, values: limits.min_cleared_values_count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recent_losses_count_against_limit() {
        let limits = Safeguards::default();
        assert!(limits.check(ObjectKind::User, 1, 19, 81).is_ok());
        let refusal = limits.check(ObjectKind::User, 1, 20, 80).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "safeguard triggered: 1 of 100 users would be retired after 20 within 1h (21%, limit 20%)"
        );
        assert!(limits.check(ObjectKind::User, 0, 90, 10).is_ok(), "nothing more would be lost");
    }

    #[test]
    fn invalid_percentage_permits_nothing() {
        for number in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 2000.0, 100.1, -1.0] {
            assert!(exceeds(6, 5, 100, number), "{number}");
            assert!(!exceeds(5, 5, 100, number), "a handful is never suspicious");
            let limits = Safeguards { max_cleared_values_percent: number, ..Safeguards::default() };
            let invalid: Vec<&str> = limits.invalid_percentages().map(|(setting, _)| setting).collect();
            assert_eq!(invalid, ["max_cleared_values_percent"], "{number}");
        }
        assert!(!exceeds(100, 5, 100, 100.0) && exceeds(6, 5, 100, 0.0));
        assert!(!exceeds(9, 5, 3, 100.0), "100% permits everything");
        assert!(!exceeds(125, 5, 1000, 12.5) && exceeds(126, 5, 1000, 12.5), "fractions count");
        assert_eq!(Safeguards::default().invalid_percentages().count(), 0);
    }

    #[test]
    fn recent_memberships_and_values_count() {
        let limits = Safeguards::default();
        let losses = |recent| PlannedRemovals {
            memberships: RemovedMemberships { removed: 1, recent, total: 200 - recent },
            cleared_values: vec![ClearedField {
                kind: ObjectKind::User,
                field: "city".into(),
                cleared: 1,
                recent,
                total: 200 - recent,
            }],
            ..PlannedRemovals::default()
        };
        assert_eq!(limits.too_much_lost(&losses(20)).len(), 0);
        assert_eq!(limits.too_much_lost(&losses(40)).len(), 1, "values, and not yet 50 memberships");
        assert_eq!(limits.too_much_lost(&losses(60)).len(), 2);
    }
}
