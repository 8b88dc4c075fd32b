//! How an object fares, in a word.

use serde::{Deserialize, Serialize};
use sync_engine::{EventEntry, EventState, ObjectEntry};
use sync_model::ObjectKind;

use super::{Agreement, AssetsSide, FieldView, OktaSide};

/// How an object fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum ObjectVerdict {
    /// Assets has what Okta has.
    Current,
    /// Something of it is still to be looked at, or it is to be sent again.
    Waiting,
    /// Assets did not account for its record.
    Unconfirmed,
    /// Okta has changed, and nothing of that has come in yet.
    Behind,
    /// Assets has other values than were sent.
    Differs,
    /// It was sent and confirmed, and Assets does not have it.
    MissingInAssets,
    /// It is marked as gone.
    Gone,
    /// Okta has it, and the operator does not choose it.
    NotSelected,
    /// Okta has it, and there was no full synchronisation yet.
    NoSyncYet,
    /// Okta has it, and nothing of it was sent yet.
    NotSentYet,
    /// Neither Okta nor the store has it.
    Unknown,
    /// Okta could not be asked.
    Unclear,
}

impl ObjectVerdict {
    pub(super) fn of(
        entry: Option<&ObjectEntry>,
        okta: &OktaSide,
        assets: &AssetsSide,
        fields: &[FieldView],
        events: &[EventEntry],
        synchronised: bool,
    ) -> Self {
        let waits = events.iter().any(|event| event.state == EventState::Waiting);
        let Some(entry) = entry else {
            return match okta {
                OktaSide::Found(object) if object.selected == Some(false) => Self::NotSelected,
                OktaSide::Found(_) if !synchronised => Self::NoSyncYet,
                OktaSide::Found(_) if waits => Self::Waiting,
                OktaSide::Found(_) => Self::NotSentYet,
                OktaSide::Absent | OktaSide::NotAsked => Self::Unknown,
                OktaSide::Failed { .. } => Self::Unclear,
            };
        };
        if entry.unconfirmed.is_some() {
            return Self::Unconfirmed;
        }
        if waits || entry.confirmed.as_ref().is_some_and(|confirmed| confirmed.dirty) {
            return Self::Waiting;
        }
        let gone = entry.confirmed.as_ref().is_some_and(|confirmed| confirmed.gone_since.is_some());
        let is_there = match okta {
            OktaSide::Found(object) => object.selected != Some(false),
            OktaSide::Absent => false,
            OktaSide::NotAsked => !gone,
            OktaSide::Failed { .. } => return Self::Unclear,
        };
        if is_there == gone || is_there && fields.iter().any(FieldView::is_behind) {
            return Self::Behind;
        }
        if gone {
            return Self::Gone;
        }
        if *assets == AssetsSide::Absent {
            return Self::MissingInAssets;
        }
        if fields.iter().any(|field| field.agreement == Agreement::Differs) {
            return Self::Differs;
        }
        Self::Current
    }

    /// The same in a sentence.
    pub(super) fn explain(self, kind: ObjectKind, assets: &AssetsSide) -> String {
        match self {
            Self::Current if matches!(assets, AssetsSide::Unknown { .. }) => {
                format!("What was sent of this {kind} and confirmed by Assets is what Okta has.")
            }
            Self::Current => format!("Assets has what Okta has of this {kind}."),
            Self::Waiting => {
                format!(
                    "Something that happened to this {kind} is still to be looked at, or it is sent again."
                )
            }
            Self::Unconfirmed => {
                format!("Assets did not account for the record of this {kind}; it is sent again.")
            }
            Self::Behind => format!(
                "This {kind} has changed in Okta since it was read. No event of that has come in yet; the next delta \
                 or full synchronisation sends it at the latest."
            ),
            Self::Differs => format!(
                "Assets has other values than were sent of this {kind}: somebody changed them there, or the import \
                 source keeps them. Sent again, it gets those of Okta, unless the import source keeps them."
            ),
            Self::MissingInAssets => format!(
                "This {kind} was sent and confirmed, and Assets does not have it, or does not show it to the account. \
                 Sent again, it is made again."
            ),
            Self::Gone => {
                format!("This {kind} is marked as gone: Okta deleted it, or it is not chosen any more.")
            }
            Self::NotSelected => {
                format!("Okta has this {kind}, and it is not among those that are chosen to be synchronised.")
            }
            Self::NoSyncYet => {
                format!("Okta has this {kind}. Nothing was sent yet: there was no full synchronisation.")
            }
            Self::NotSentYet => format!(
                "Okta has this {kind}, and nothing of it was sent yet. It comes with its next event or the next full \
                 synchronisation; a synchronisation of this {kind} alone sends it now."
            ),
            Self::Unknown => format!("Okta has no such {kind}, and none was ever sent."),
            Self::Unclear => format!("Okta could not be asked about this {kind}."),
        }
    }
}
