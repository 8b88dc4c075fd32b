//! State that survives a crash.

use crate::ports::state::absent_objects::AbsentObjects;
use crate::ports::state::aliases::Aliases;
use crate::ports::state::confirmed_records::ConfirmedRecords;
use crate::ports::state::event_history::EventHistory;
use crate::ports::state::event_inbox::EventInbox;
use crate::ports::state::executions::Executions;
use crate::ports::state::leader_state::LeaderState;
use crate::ports::state::listings::Listings;
use crate::ports::state::metric_samples::MetricSamples;
use crate::ports::state::object_catalog::ObjectCatalog;
use crate::ports::state::place::PlaceState;
use crate::ports::state::retired_objects::RetiredObjects;
use crate::ports::state::runs::Runs;
use crate::ports::state::safeguards::SafeguardState;
use crate::ports::state::site_facts::SiteFacts;
use crate::ports::state::staged_changes::StagedChanges;
use crate::ports::state::stale_values::StaleValues;
use crate::ports::state::sync_requests::SyncRequests;
use crate::ports::state::time::TimeState;
use crate::ports::state::unconfirmed_records::UnconfirmedRecords;
use crate::ports::state::unread_objects::UnreadObjects;
use crate::ports::state::work_queue::WorkQueue;

/// The memory of one connection, by aggregate. Every method of the traits does all of its work or nothing.
pub trait StateStore:
    AbsentObjects
    + Aliases
    + ConfirmedRecords
    + EventHistory
    + EventInbox
    + Executions
    + LeaderState
    + Listings
    + MetricSamples
    + ObjectCatalog
    + PlaceState
    + RetiredObjects
    + Runs
    + SafeguardState
    + SiteFacts
    + StagedChanges
    + StaleValues
    + SyncRequests
    + TimeState
    + UnconfirmedRecords
    + UnreadObjects
    + WorkQueue
{
}

impl<T> StateStore for T where
    T: AbsentObjects
        + Aliases
        + ConfirmedRecords
        + EventHistory
        + EventInbox
        + Executions
        + LeaderState
        + Listings
        + MetricSamples
        + ObjectCatalog
        + PlaceState
        + RetiredObjects
        + Runs
        + SafeguardState
        + SiteFacts
        + StagedChanges
        + StaleValues
        + SyncRequests
        + TimeState
        + UnconfirmedRecords
        + UnreadObjects
        + WorkQueue
{
}
