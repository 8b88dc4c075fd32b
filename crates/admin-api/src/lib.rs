#![doc = include_str!("../README.md")]

mod active_runs;
mod alert_entry;
mod delegation;
#[cfg(test)]
mod fuzz;
mod history;
mod object_state;
mod object_view;
mod objects;
mod plan;
mod problem_type;
mod readiness;
mod remote;
mod run_progress;
mod saved_settings;
mod schema;
mod settings_schema;
mod status;
mod unavailable;
mod validation;
pub mod wire;

pub use active_runs::{ActiveRun, ActiveRuns, RunPhase, is_batch};
pub use alert_entry::AlertEntry;
pub use delegation::{DelegationError, report_of};
pub use history::{ConnectionEvent, ConnectionRun, ReplayResult};
pub use object_state::ObjectState;
pub use object_view::ObjectView;
pub use objects::{
    AssetsLookup, ConfirmedRecordView, FieldComparison, FieldMatch, ObjectMatch, ObjectMatches, OktaLookup,
    OktaObject, UnconfirmedRecordView, UserGroup,
};
pub use plan::PlanView;
pub use problem_type::ProblemType;
pub use readiness::{ConnectionReadiness, DaemonHealth};
pub use remote::{DaemonAddress, FollowedEvent, RemoteClient, RemoteError, RemoteEventFollower};
pub use run_progress::{Seen, Watched};
pub use saved_settings::SavedSettings;
pub use schema::{AttributeComparison, SchemaPreview, SchemaView, TypeComparison};
pub use settings_schema::{SETTINGS_SCHEMA, settings_json_schema};
pub use status::{ClockSkew, ConnectionStatus, FeedStatus, Freshness};
pub use unavailable::Unavailable;
pub use validation::{FieldError, ValidationReport};
