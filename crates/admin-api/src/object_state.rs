//! The state of an object across Okta, the store, and Assets.

use serde::{Deserialize, Serialize};
use sync_engine::{Event, ObjectHistory};
use sync_model::ObjectKind;

use crate::objects::{AssetsLookup, FieldComparison, FieldMatch, OktaLookup};

/// The state of an object across Okta, the store, and Assets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectState {
    /// Okta and Assets match.
    InSync,
    /// It has pending work.
    Pending,
    /// Its record was sent, but not confirmed.
    Unconfirmed,
    /// It changed in Okta, and the change was not received yet.
    Outdated,
    /// Assets has other values than the last record.
    ModifiedInAssets,
    /// It was confirmed, but doesn't exist in Assets.
    MissingInAssets,
    /// It is retired.
    Retired,
    /// It exists in Okta, but is out of scope.
    OutOfScope,
    /// It exists in Okta, but was never sent.
    NotSynced,
    /// It exists in neither Okta nor the store.
    NotFound,
    /// Okta could not be read.
    Unknown,
}

impl ObjectState {
    /// The state that follows from both sides, the history of the object, and its events.
    pub fn of(
        entry: Option<&ObjectHistory>,
        okta: &OktaLookup,
        assets: &AssetsLookup,
        fields: &[FieldComparison],
        events: &[Event],
        synchronised: bool,
    ) -> Self {
        let waits = events.iter().any(|event| event.state.is_unfinished());
        let Some(entry) = entry else {
            return match okta {
                OktaLookup::Found(object) if object.in_scope == Some(false) => Self::OutOfScope,
                OktaLookup::Found(_) if waits && synchronised => Self::Pending,
                OktaLookup::Found(_) => Self::NotSynced,
                OktaLookup::NotFound | OktaLookup::NotRequested => Self::NotFound,
                OktaLookup::Error { .. } => Self::Unknown,
            };
        };
        if entry.unconfirmed.is_some() {
            return Self::Unconfirmed;
        }
        if waits || entry.confirmed.as_ref().is_some_and(|confirmed| confirmed.resend_pending) {
            return Self::Pending;
        }
        let gone = entry.confirmed.as_ref().is_some_and(|confirmed| confirmed.retired_at.is_some());
        let is_there = match okta {
            OktaLookup::Found(object) => object.in_scope != Some(false),
            OktaLookup::NotFound => false,
            OktaLookup::NotRequested => !gone,
            OktaLookup::Error { .. } => return Self::Unknown,
        };
        if is_there == gone || is_there && fields.iter().any(FieldComparison::is_behind) {
            return Self::Outdated;
        }
        if gone {
            return Self::Retired;
        }
        if *assets == AssetsLookup::NotFound {
            return Self::MissingInAssets;
        }
        if fields.iter().any(|field| field.field_match == FieldMatch::Different) {
            return Self::ModifiedInAssets;
        }
        Self::InSync
    }

    /// The state as a sentence.
    pub fn explain(self, kind: ObjectKind, assets: &AssetsLookup) -> String {
        match self {
            Self::InSync if matches!(assets, AssetsLookup::Unknown { .. }) => {
                format!("The last confirmed record of this {kind} matches Okta.")
            }
            Self::InSync => format!("This {kind} is the same in Okta and Assets."),
            Self::Pending => format!("An event of this {kind} is pending, or its record is resent."),
            Self::Unconfirmed => {
                format!("Assets hasn't confirmed the record of this {kind}. It is resent automatically.")
            }
            Self::Outdated => format!(
                "This {kind} changed in Okta, but no event has arrived. The next incremental or full sync sends the \
                 change."
            ),
            Self::ModifiedInAssets => format!(
                "This {kind} has different values in Assets: they were changed there, or the import source keeps \
                 them. To restore Okta's values, resend the {kind}."
            ),
            Self::MissingInAssets => format!(
                "This {kind} was confirmed, but Assets doesn't have it, or the Atlassian account can't see it. To \
                 create it again, resend the {kind}."
            ),
            Self::Retired => {
                format!("This {kind} is retired: it was deleted in Okta or left the scope.")
            }
            Self::OutOfScope => {
                format!("This {kind} is in Okta but out of scope.")
            }
            Self::NotSynced => format!(
                "This {kind} isn't synced yet. Its next event or the next full sync adds it; a targeted sync adds it \
                 now."
            ),
            Self::NotFound => format!("This {kind} exists neither in Okta nor in the synced objects."),
            Self::Unknown => format!("This {kind} couldn't be read in Okta."),
        }
    }
}
