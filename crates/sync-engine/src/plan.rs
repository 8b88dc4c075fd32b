//! What a run would change, as a value that can be shown and refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RunId};

use crate::{Census, Change, StructureReport};

/// How much may change without an operator's consent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest share of the known objects of a kind that a full run may mark as gone, from 0 to 1.
    pub max_gone_share: f64,
    /// Up to this many are never suspicious, whatever their share.
    pub min_gone: u64,
    /// An operator looked at it and wants it.
    #[serde(skip)]
    pub accept_shrink: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_gone_share: 0.2, min_gone: 5, accept_shrink: false }
    }
}

impl Limits {
    /// Checks that `gone` of `known` objects of a kind may be marked.
    ///
    /// # Errors
    /// When they are more than an operator would expect.
    pub fn check(&self, kind: ObjectKind, gone: u64, known: u64) -> Result<(), Refusal> {
        if self.accept_shrink || gone <= self.min_gone {
            return Ok(());
        }
        // Counts of objects are far below 2^52.
        #[allow(clippy::cast_precision_loss)]
        let share = gone as f64 / known.max(1) as f64;
        if share > self.max_gone_share {
            let max_percent = self.max_gone_share * 100.0;
            return Err(Refusal::TooManyGone { kind, gone, known, max_percent });
        }
        Ok(())
    }
}

/// Why a plan may not be carried out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A listing came back empty although objects are known.
    #[error(
        "the directory lists no {kind}s at all, but {known} are known; a service app without an admin role sees an \
         empty directory"
    )]
    EmptyListing {
        /// What was listed.
        kind: ObjectKind,
        /// How many are known.
        known: u64,
    },
    /// Too large a share would be marked as gone.
    #[error(
        "{gone} of {known} known {kind}s would be marked as deleted; more than {max_percent} % needs consent"
    )]
    TooManyGone {
        /// What would be marked.
        kind: ObjectKind,
        /// How many.
        gone: u64,
        /// Of how many.
        known: u64,
        /// The limit in force.
        max_percent: f64,
    },
}

/// What would happen to the objects of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct KindPlan {
    /// How many were read.
    pub read: u64,
    /// How many would be new.
    pub create: u64,
    /// How many would change.
    pub update: u64,
    /// How many would be marked as gone.
    pub retire: u64,
    /// How many are known and live at present.
    pub known: u64,
}

impl KindPlan {
    /// How many records would be sent.
    pub const fn changes(&self) -> u64 {
        self.create + self.update + self.retire
    }
}

/// The changes that a run has staged.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SyncPlan {
    /// The run that staged them.
    pub run: RunId,
    /// What would happen, by kind.
    pub kinds: BTreeMap<ObjectKind, KindPlan>,
    /// What is missing in the object schema and mapping.
    pub structure: Option<StructureReport>,
    /// Values that do not fit, in words.
    pub problems: Vec<String>,
}

impl SyncPlan {
    pub(crate) fn new(
        run: RunId,
        read: &BTreeMap<ObjectKind, u64>,
        staged: &BTreeMap<(ObjectKind, Change), u64>,
        census: &BTreeMap<ObjectKind, Census>,
    ) -> Self {
        let mut kinds: BTreeMap<ObjectKind, KindPlan> = BTreeMap::new();
        for (&kind, &n) in read {
            kinds.entry(kind).or_default().read = n;
        }
        for (&kind, census) in census {
            kinds.entry(kind).or_default().known = census.live;
        }
        for (&(kind, change), &n) in staged {
            let plan = kinds.entry(kind).or_default();
            match change {
                Change::Create => plan.create = n,
                Change::Update => plan.update = n,
                Change::Retire => plan.retire = n,
            }
        }
        Self { run, kinds, structure: None, problems: Vec::new() }
    }

    /// How many records would be sent.
    pub fn changes(&self) -> u64 {
        self.kinds.values().map(KindPlan::changes).sum()
    }

    /// Lets the plan be carried out.
    ///
    /// # Errors
    /// When it would change more than the limits allow.
    pub fn approve(self, limits: &Limits) -> Result<ApprovedPlan, Refusal> {
        for (&kind, plan) in &self.kinds {
            if plan.read == 0 && plan.retire > 0 && !limits.accept_shrink {
                return Err(Refusal::EmptyListing { kind, known: plan.known });
            }
            limits.check(kind, plan.retire, plan.known)?;
        }
        Ok(ApprovedPlan(self))
    }

    /// Lets the plan be carried out because each object in it was read by id.
    pub(crate) const fn approved_one_by_one(self) -> ApprovedPlan {
        ApprovedPlan(self)
    }
}

/// A plan within its limits. The only thing that can be applied.
#[derive(Debug)]
pub struct ApprovedPlan(SyncPlan);

impl ApprovedPlan {
    /// The plan.
    pub const fn plan(&self) -> &SyncPlan {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(retire: u64, known: u64) -> SyncPlan {
        let staged = BTreeMap::from([((ObjectKind::User, Change::Retire), retire)]);
        let census = BTreeMap::from([(ObjectKind::User, Census { live: known, gone: 0 })]);
        SyncPlan::new(RunId::new(1), &BTreeMap::from([(ObjectKind::User, known)]), &staged, &census)
    }

    #[test]
    fn marking_more_than_a_fifth_of_the_users_needs_consent() {
        assert!(plan(20, 100).approve(&Limits::default()).is_ok());
        let refusal = plan(21, 100).approve(&Limits::default()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "21 of 100 known users would be marked as deleted; more than 20 % needs consent"
        );
        assert!(plan(21, 100).approve(&Limits { accept_shrink: true, ..Limits::default() }).is_ok());
    }

    #[test]
    fn an_empty_listing_is_never_taken_for_the_truth() {
        let census = BTreeMap::from([(ObjectKind::User, Census { live: 3, gone: 0 })]);
        let staged = BTreeMap::from([((ObjectKind::User, Change::Retire), 3)]);
        let empty = SyncPlan::new(RunId::new(1), &BTreeMap::new(), &staged, &census);
        let refusal = empty.approve(&Limits::default()).unwrap_err();
        assert_eq!(refusal, Refusal::EmptyListing { kind: ObjectKind::User, known: 3 });
    }

    #[test]
    fn a_handful_is_never_suspicious() {
        assert!(plan(5, 5).approve(&Limits::default()).is_ok());
        assert!(plan(6, 6).approve(&Limits::default()).is_err());
    }
}
