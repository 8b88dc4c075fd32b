#![doc = include_str!("../README.md")]

mod choices;
mod directory;
mod errors;
mod events;
mod export;
mod feed;
pub mod findings;
#[cfg(test)]
mod fuzz;
mod hook;
mod importer;
mod manual_hook;
mod objects;
mod odd_event;
mod place;
mod projection;
pub mod remedy;
mod saved;
mod schemas;
pub mod sent;
mod settings;
mod site_facts;
mod stored;
mod structure;
mod views;

pub use choices::{UnknownChoice, unknown_groups, unknown_names};
pub use errors::{assets_error, okta_error};
pub use events::{inbox_event, log_filter, subscription};
pub use export::{ExportError, Manifest, Saved, export};
pub use feed::OktaLog;
pub use hook::OktaEventHook;
pub use manual_hook::ManualEventHook;
pub use objects::{AssetsObjects, SeenObject};
pub use odd_event::odd_event;
pub use projection::Projection;
pub use schemas::org_schemas;
pub use settings::SourceSettings;
pub use structure::{AssetsStructure, Examined};
pub use views::{OrgSource, Sides};
