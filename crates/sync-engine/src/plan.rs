//! What a run would change, as a value that can be shown and refused.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sync_model::{ObjectKind, RunId};

use crate::{BlankedField, Census, Change, Losses, StructureReport};

/// How much may change without an operator's consent.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// The largest share of the known objects of a kind that a full run may mark as gone, from 0 to 1.
    pub max_gone_share: f64,
    /// Up to this many are never suspicious, whatever their share.
    pub min_gone: u64,
    /// The largest share of the known memberships that a run may end, from 0 to 1.
    pub max_lost_memberships_share: f64,
    /// Up to this many are never suspicious, whatever their share.
    pub min_lost_memberships: u64,
    /// The largest share of the values of one attribute that a run may take away, from 0 to 1.
    pub max_blanked_share: f64,
    /// Up to this many are never suspicious, whatever their share.
    pub min_blanked: u64,
    /// An operator looked at it and wants it.
    #[serde(skip)]
    pub accept_shrink: bool,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_gone_share: 0.2,
            min_gone: 5,
            max_lost_memberships_share: 0.2,
            min_lost_memberships: 50,
            max_blanked_share: 0.2,
            min_blanked: 20,
            accept_shrink: false,
        }
    }
}

impl Limits {
    /// Checks that `gone` of `known` objects of a kind may be marked.
    ///
    /// # Errors
    /// When they are more than an operator would expect.
    pub fn check(&self, kind: ObjectKind, gone: u64, known: u64) -> Result<(), Refusal> {
        if !self.accept_shrink && exceeds(gone, self.min_gone, known, self.max_gone_share) {
            let max_percent = self.max_gone_share * 100.0;
            return Err(Refusal::TooManyGone { kind, gone, known, max_percent });
        }
        Ok(())
    }

    /// What would be taken away from objects that live on, and is more than an operator would expect.
    fn too_much_lost(&self, losses: &Losses) -> Vec<Refusal> {
        let (lost, known) = losses.memberships;
        let max_percent = self.max_lost_memberships_share * 100.0;
        let memberships = exceeds(lost, self.min_lost_memberships, known, self.max_lost_memberships_share)
            .then_some(Refusal::TooManyMembershipsLost { lost, known, max_percent });
        let is_too_much = |blanked: &&BlankedField| {
            exceeds(blanked.lost, self.min_blanked, blanked.known, self.max_blanked_share)
        };
        let blanked = losses.blanked.iter().filter(is_too_much).map(|blanked| Refusal::TooManyBlanked {
            kind: blanked.kind,
            field: blanked.field.clone(),
            lost: blanked.lost,
            known: blanked.known,
            max_percent: self.max_blanked_share * 100.0,
        });
        memberships.into_iter().chain(blanked).collect()
    }
}

/// Whether that many of the known are both more than a handful and more than a share.
pub(crate) fn exceeds(lost: u64, handful: u64, known: u64, max_share: f64) -> bool {
    // Counts of objects are far below 2^52.
    #[allow(clippy::cast_precision_loss)]
    let share = lost as f64 / known.max(1) as f64;
    lost > handful && share > max_share
}

/// Up to how much of what is lost is never suspicious, so that nobody has to count what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Handful {
    /// Memberships.
    pub memberships: u64,
    /// Values of one attribute.
    pub values: u64,
}

impl Handful {
    /// That which the limits allow.
    pub const fn of(limits: &Limits) -> Self {
        Self { memberships: limits.min_lost_memberships, values: limits.min_blanked }
    }
}

/// Staged changes that a limit was exceeded by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Suspects {
    /// Objects of a kind that would be marked.
    Departures(ObjectKind),
    /// Users who would lose a membership.
    Memberships,
    /// Objects that would lose a value.
    Blanked {
        /// Their kind.
        kind: ObjectKind,
        /// The record's field.
        field: String,
    },
}

impl Refusal {
    /// The staged changes that are too many; `None` when it is not about single changes.
    pub fn suspects(&self) -> Option<Suspects> {
        match self {
            Self::EmptyListing { kind, .. } | Self::TooManyGone { kind, .. } => {
                Some(Suspects::Departures(*kind))
            }
            Self::TooManyMembershipsLost { .. } => Some(Suspects::Memberships),
            Self::TooManyBlanked { kind, field, .. } => {
                Some(Suspects::Blanked { kind: *kind, field: field.clone() })
            }
            Self::TooManyPruned { .. } | Self::RemovesMissing => None,
        }
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
    /// Too large a share of the memberships would end.
    #[error("{lost} of {known} known memberships would end; more than {max_percent} % needs consent")]
    TooManyMembershipsLost {
        /// How many would end.
        lost: u64,
        /// How many are known.
        known: u64,
        /// The largest share that needs no consent, in percent.
        max_percent: f64,
    },
    /// Too many objects would lose the value of an attribute.
    #[error("{lost} of {known} {kind}s would lose their {field}; more than {max_percent} % needs consent")]
    TooManyBlanked {
        /// The kind of object.
        kind: ObjectKind,
        /// The record's field.
        field: String,
        /// How many would lose it.
        lost: u64,
        /// How many have it.
        known: u64,
        /// The largest share that needs no consent, in percent.
        max_percent: f64,
    },
    /// Too large a share would be deleted in Assets.
    #[error("{pruned} of {known} known {kind}s would be deleted; more than {max_percent} % needs consent")]
    TooManyPruned {
        /// What would be deleted.
        kind: ObjectKind,
        /// How many.
        pruned: u64,
        /// Of how many, those marked as gone included.
        known: u64,
        /// The limit in force.
        max_percent: f64,
    },
    /// Assets would delete what an import does not hold.
    #[error(
        "the import source removes missing objects: an import of what changed would delete everything else in Assets"
    )]
    RemovesMissing,
    /// Too large a share would be marked as gone.
    #[error(
        "{gone} of {known} known {kind}s would be marked as deleted or out of scope; more than {max_percent} % needs \
         consent"
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SyncPlan {
    /// The run that staged them.
    pub run: RunId,
    /// What would happen, by kind.
    pub kinds: BTreeMap<ObjectKind, KindPlan>,
    /// What is missing in the object schema and mapping.
    pub structure: Option<StructureReport>,
    /// What objects that live on would lose.
    pub losses: Losses,
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
        Self { run, kinds, structure: None, losses: Losses::default(), problems: Vec::new() }
    }

    /// Not everything was listed, so nothing listed is nothing suspicious; memberships are read from the group's side as
    /// well.
    pub(crate) fn only_some(&mut self) {
        for kind in self.kinds.values_mut() {
            kind.read = kind.read.max(kind.changes());
        }
    }

    /// How many records would be sent.
    pub fn changes(&self) -> u64 {
        self.kinds.values().map(KindPlan::changes).sum()
    }

    /// Every limit that it would exceed.
    pub fn refusals(&self, limits: &Limits) -> Vec<Refusal> {
        if limits.accept_shrink {
            return Vec::new();
        }
        let gone = self.kinds.iter().filter_map(|(&kind, plan)| {
            if plan.read == 0 && plan.retire > 0 {
                return Some(Refusal::EmptyListing { kind, known: plan.known });
            }
            limits.check(kind, plan.retire, plan.known).err()
        });
        gone.chain(limits.too_much_lost(&self.losses)).collect()
    }

    /// Lets the plan be carried out.
    ///
    /// # Errors
    /// When it would change more than the limits allow.
    pub fn approve(self, limits: &Limits) -> Result<ApprovedPlan, Refusal> {
        match self.refusals(limits).into_iter().next() {
            Some(refusal) => Err(refusal),
            None => Ok(ApprovedPlan(self)),
        }
    }

    /// Lets records be sent again that were approved before.
    pub(crate) const fn approved_before(self) -> ApprovedPlan {
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
            "21 of 100 known users would be marked as deleted or out of scope; more than 20 % needs consent"
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
