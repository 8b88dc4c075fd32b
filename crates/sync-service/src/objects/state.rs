//! How an object fares, in a word.

use serde::{Deserialize, Serialize};
use sync_engine::{Event, EventState, ObjectHistory};
use sync_model::ObjectKind;

use super::{AssetsLookup, FieldComparison, FieldMatch, OktaLookup};

/// How an object fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectState {
    /// Assets has what Okta has.
    InSync,
    /// Something of it is still to be looked at, or it is to be sent again.
    Pending,
    /// Assets did not account for its record.
    Unconfirmed,
    /// Okta has changed, and nothing of that has come in yet.
    Outdated,
    /// Assets has other values than were sent.
    ModifiedInAssets,
    /// It was sent and confirmed, and Assets does not have it.
    MissingInAssets,
    /// It is marked as gone.
    Retired,
    /// Okta has it, and the operator does not choose it.
    OutOfScope,
    /// Okta has it, and there was no full synchronisation yet.
    NeverSynced,
    /// Okta has it, and nothing of it was sent yet.
    NotSynced,
    /// Neither Okta nor the store has it.
    NotFound,
    /// Okta could not be asked.
    Unknown,
}

impl ObjectState {
    pub(super) fn of(
        entry: Option<&ObjectHistory>,
        okta: &OktaLookup,
        assets: &AssetsLookup,
        fields: &[FieldComparison],
        events: &[Event],
        synchronised: bool,
    ) -> Self {
        let waits = events.iter().any(|event| event.state == EventState::Pending);
        let Some(entry) = entry else {
            return match okta {
                OktaLookup::Found(object) if object.in_scope == Some(false) => Self::OutOfScope,
                OktaLookup::Found(_) if !synchronised => Self::NeverSynced,
                OktaLookup::Found(_) if waits => Self::Pending,
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

    /// The same in a sentence.
    pub(super) fn explain(self, kind: ObjectKind, assets: &AssetsLookup) -> String {
        match self {
            Self::InSync if matches!(assets, AssetsLookup::Unknown { .. }) => {
                format!("What was sent of this {kind} and confirmed by Assets is what Okta has.")
            }
            Self::InSync => format!("Assets has what Okta has of this {kind}."),
            Self::Pending => {
                format!(
                    "Something that happened to this {kind} is still to be looked at, or it is sent again."
                )
            }
            Self::Unconfirmed => {
                format!("Assets did not account for the record of this {kind}; it is sent again.")
            }
            Self::Outdated => format!(
                "This {kind} has changed in Okta since it was read. No event of that has come in yet; the next delta \
                 or full synchronisation sends it at the latest."
            ),
            Self::ModifiedInAssets => format!(
                "Assets has other values than were sent of this {kind}: somebody changed them there, or the import \
                 source keeps them. Sent again, it gets those of Okta, unless the import source keeps them."
            ),
            Self::MissingInAssets => format!(
                "This {kind} was sent and confirmed, and Assets does not have it, or does not show it to the account. \
                 Sent again, it is made again."
            ),
            Self::Retired => {
                format!("This {kind} is marked as gone: Okta deleted it, or it is not chosen any more.")
            }
            Self::OutOfScope => {
                format!("Okta has this {kind}, and it is not among those that are chosen to be synchronised.")
            }
            Self::NeverSynced => {
                format!("Okta has this {kind}. Nothing was sent yet: there was no full synchronisation.")
            }
            Self::NotSynced => format!(
                "Okta has this {kind}, and nothing of it was sent yet. It comes with its next event or the next full \
                 synchronisation; a synchronisation of this {kind} alone sends it now."
            ),
            Self::NotFound => format!("Okta has no such {kind}, and none was ever sent."),
            Self::Unknown => format!("Okta could not be asked about this {kind}."),
        }
    }
}
