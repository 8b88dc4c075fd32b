//! One object with everything that is known about it.

use serde::{Deserialize, Serialize};
use sync_engine::{Event, StaleValue};
use sync_model::{ConnectionName, EventId, RecordKey};

use crate::object_state::ObjectState;
use crate::objects::{AssetsLookup, ConfirmedRecordView, FieldComparison, OktaLookup, UnconfirmedRecordView};

/// An object in Okta and Assets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ObjectView {
    /// The connection.
    pub connection: ConnectionName,
    /// The object's key.
    pub key: RecordKey,
    /// Its name, if it's known.
    pub name: Option<String>,
    /// The state.
    pub state: ObjectState,
    /// The state as a sentence.
    pub message: String,
    /// The object in Okta.
    pub okta: OktaLookup,
    /// The object in Assets.
    pub assets: AssetsLookup,
    /// Each field with its value in the last record sent, in Okta, and in Assets.
    pub fields: Vec<FieldComparison>,
    /// The confirmed record, without its fields; `None` if there is none.
    pub confirmed: Option<ConfirmedRecordView>,
    /// The unconfirmed record, without its fields.
    pub unconfirmed: Option<UnconfirmedRecordView>,
    /// Values that were cleared in Okta and remain in Assets.
    pub stale_values: Vec<StaleValue>,
    /// The events that name the object, newest first.
    pub events: Vec<Event>,
    /// The event that caused the confirmed record; `None` if a sync caused it, or if the event was deleted.
    pub last_event_id: Option<EventId>,
}
