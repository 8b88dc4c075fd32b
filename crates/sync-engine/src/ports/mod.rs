//! The ports of the engine.

pub(crate) mod alert_sink;
pub(crate) mod clock;
pub(crate) mod directory;
pub(crate) mod event_hook;
pub(crate) mod feed;
pub(crate) mod importer;
pub(crate) mod mapping_rules;
pub(crate) mod observer;
pub(crate) mod progress;
pub(crate) mod state;
pub(crate) mod state_store;
pub(crate) mod target_objects;
pub(crate) mod target_schema;
pub(crate) mod view;
