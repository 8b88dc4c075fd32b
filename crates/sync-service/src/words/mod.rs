//! Findings and remedies in plain text, for the API, alerts, and logs.
//!
//! A finding is a lowercase fragment without a period, and times are RFC 3339 in UTC. A remedy names actions of the product,
//! but no command and no page: the reader may use the CLI, the console, or the API.

mod checks;
mod event_hook;
mod findings;
mod remedies;
mod safeguards;
pub mod units;
mod withheld;

pub use checks::{changes, check_details, check_remedy, observation, scope_purpose};
pub use event_hook::hook_change;
pub use findings::finding;
pub use remedies::remedy;
