//! The changes of a run as a value that can be displayed and rejected.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, Record, RunId};

use crate::domain::finding::Finding;
use crate::domain::record_state::ObjectCounts;
use crate::domain::record_text::text_of;
use crate::domain::removals::PlannedRemovals;
use crate::domain::report::{UnreadableObjects, data_findings};
use crate::domain::safeguards::Safeguards;
use crate::domain::schema_report::SchemaReport;
use crate::domain::staged::ChangeKind;
use crate::domain::values::ValueProblems;
use crate::domain::violation::SafeguardViolation;

/// Planned changes of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct KindPlan {
    /// The number of objects read.
    pub read: u64,
    /// The number of objects to create.
    pub create: u64,
    /// The number of objects to update.
    pub update: u64,
    /// The number of objects to retire.
    pub retire: u64,
    /// The number of current objects.
    pub current: u64,
}

impl KindPlan {
    /// The number of records to send.
    pub const fn changes(&self) -> u64 {
        self.create + self.update + self.retire
    }
}

/// The changes that a run has staged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncPlan {
    /// The run that staged them.
    pub run: RunId,
    /// Planned changes by kind.
    pub kinds: BTreeMap<ObjectKind, KindPlan>,
    /// Missing parts of the object schema and mapping.
    pub schema: Option<SchemaReport>,
    /// Removed memberships and cleared values of objects that stay.
    pub removals: PlannedRemovals,
    /// Findings about the listings.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
    /// Items of the scope that the org doesn't have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown_choices: Vec<String>,
    /// Objects that couldn't be read in Okta; they would remain unchanged in Assets.
    #[serde(default, skip_serializing_if = "UnreadableObjects::is_empty")]
    pub unreadable: UnreadableObjects,
    /// Values that don't match the type of their attribute.
    #[serde(default, skip_serializing_if = "ValueProblems::is_empty")]
    pub value_problems: ValueProblems,
    /// The fields that hold an object's name, by the mapping of the plan.
    #[serde(skip)]
    pub labels: BTreeMap<ObjectKind, String>,
}

impl SyncPlan {
    /// Everything that was found about the data, apart from the [schema](Self::schema).
    pub fn data_findings(&self) -> Vec<Finding> {
        data_findings(&self.unknown_choices, &self.findings, &self.value_problems, &self.unreadable)
    }

    pub(crate) fn new(
        run: RunId,
        read: &BTreeMap<ObjectKind, u64>,
        staged: &BTreeMap<(ObjectKind, ChangeKind), u64>,
        counts: &BTreeMap<ObjectKind, ObjectCounts>,
    ) -> Self {
        let mut kinds: BTreeMap<ObjectKind, KindPlan> = BTreeMap::new();
        for (&kind, &n) in read {
            kinds.entry(kind).or_default().read = n;
        }
        let mut plan = Self {
            run,
            kinds,
            schema: None,
            removals: PlannedRemovals::default(),
            findings: Vec::new(),
            unknown_choices: Vec::new(),
            unreadable: UnreadableObjects::default(),
            value_problems: ValueProblems::default(),
            labels: BTreeMap::new(),
        };
        plan.recount(staged, counts);
        plan
    }

    /// Replaces the numbers of current objects and of staged changes.
    pub(crate) fn recount(
        &mut self,
        staged: &BTreeMap<(ObjectKind, ChangeKind), u64>,
        counts: &BTreeMap<ObjectKind, ObjectCounts>,
    ) {
        for plan in self.kinds.values_mut() {
            (plan.create, plan.update, plan.retire) = (0, 0, 0);
        }
        for (&kind, counts) in counts {
            self.kinds.entry(kind).or_default().current = counts.current;
        }
        for (&(kind, change), &n) in staged {
            let plan = self.kinds.entry(kind).or_default();
            match change {
                ChangeKind::Create => plan.create = n,
                ChangeKind::Update => plan.update = n,
                ChangeKind::Retire => plan.retire = n,
            }
        }
    }

    /// The listing wasn't complete, so an empty one isn't suspicious; memberships are also read from the group's side.
    pub(crate) fn only_some(&mut self) {
        for kind in self.kinds.values_mut() {
            kind.read = kind.read.max(kind.changes());
        }
    }

    /// The name of an object in the plan; `None` if its record has none.
    pub fn name(&self, record: &Record) -> Option<String> {
        text_of(record, self.labels.get(&record.key.kind)?)
    }

    /// The number of records to send.
    pub fn changes(&self) -> u64 {
        self.kinds.values().map(KindPlan::changes).sum()
    }

    /// True if it may remove something that safeguards limit. Its counts of removals leave out small ones.
    pub(crate) fn may_remove(&self) -> bool {
        self.kinds.values().any(|plan| plan.retire + plan.update > 0)
    }

    /// Every limit that it would exceed.
    pub fn refusals(&self, limits: &Safeguards) -> Vec<SafeguardViolation> {
        if limits.override_safeguards {
            return Vec::new();
        }
        let gone = self.kinds.iter().filter_map(|(&kind, plan)| {
            if plan.read == 0 && plan.retire > 0 {
                return Some(SafeguardViolation::EmptyListing { kind, total: plan.current });
            }
            let recent = self.removals.recently_retired.get(&kind).copied().unwrap_or_default();
            limits.check(kind, plan.retire, recent, plan.current).err()
        });
        gone.chain(limits.too_much_lost(&self.removals)).collect()
    }

    /// Approves the plan.
    ///
    /// # Errors
    /// When it exceeds a safeguard.
    pub fn approve(self, limits: &Safeguards) -> Result<ApprovedPlan, SafeguardViolation> {
        match self.refusals(limits).into_iter().next() {
            Some(refusal) => Err(refusal),
            None => Ok(ApprovedPlan { plan: self, limits: Some(*limits) }),
        }
    }

    /// Approves a resend of approved records.
    pub(crate) const fn approved_before(self) -> ApprovedPlan {
        ApprovedPlan { plan: self, limits: None }
    }
}

/// A plan within its limits. The only thing that can be applied.
#[derive(Debug)]
pub struct ApprovedPlan {
    plan: SyncPlan,
    /// The limits of the approval; `None` if its records were approved before.
    limits: Option<Safeguards>,
}

impl ApprovedPlan {
    /// The limits of the approval; `None` if its records were approved before.
    pub(crate) const fn limits(&self) -> Option<&Safeguards> {
        self.limits.as_ref()
    }

    /// The plan.
    pub const fn plan(&self) -> &SyncPlan {
        &self.plan
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(retire: u64, known: u64) -> SyncPlan {
        let staged = BTreeMap::from([((ObjectKind::User, ChangeKind::Retire), retire)]);
        let counts = BTreeMap::from([(ObjectKind::User, ObjectCounts { current: known, retired: 0 })]);
        SyncPlan::new(RunId::new(1), &BTreeMap::from([(ObjectKind::User, known)]), &staged, &counts)
    }

    #[test]
    fn many_retired_users_require_override() {
        assert!(plan(20, 100).approve(&Safeguards::default()).is_ok());
        let refusal = plan(21, 100).approve(&Safeguards::default()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "safeguard triggered: 21 of 100 users would be retired (21%, limit 20%)"
        );
        assert!(
            plan(21, 100).approve(&Safeguards { override_safeguards: true, ..Safeguards::default() }).is_ok()
        );
    }

    #[test]
    fn empty_listing_is_rejected() {
        let counts = BTreeMap::from([(ObjectKind::User, ObjectCounts { current: 3, retired: 0 })]);
        let staged = BTreeMap::from([((ObjectKind::User, ChangeKind::Retire), 3)]);
        let empty = SyncPlan::new(RunId::new(1), &BTreeMap::new(), &staged, &counts);
        let refusal = empty.approve(&Safeguards::default()).unwrap_err();
        assert_eq!(refusal, SafeguardViolation::EmptyListing { kind: ObjectKind::User, total: 3 });
    }

    #[test]
    fn few_retirements_need_no_override() {
        assert!(plan(5, 5).approve(&Safeguards::default()).is_ok());
        assert!(plan(6, 6).approve(&Safeguards::default()).is_err());
    }
}
