//! The state that survives a crash, one trait per aggregate.

pub(crate) mod absent_objects;
pub(crate) mod aliases;
pub(crate) mod confirmed_records;
pub(crate) mod event_history;
pub(crate) mod event_inbox;
pub(crate) mod executions;
pub(crate) mod leader_state;
pub(crate) mod listings;
pub(crate) mod metric_samples;
pub(crate) mod object_catalog;
pub(crate) mod place;
pub(crate) mod retired_objects;
pub(crate) mod runs;
pub(crate) mod safeguards;
pub(crate) mod site_facts;
pub(crate) mod staged_changes;
pub(crate) mod stale_values;
pub(crate) mod sync_requests;
pub(crate) mod time;
pub(crate) mod unconfirmed_records;
pub(crate) mod unread_objects;
pub(crate) mod work_queue;
