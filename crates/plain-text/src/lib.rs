#![doc = include_str!("../README.md")]

mod event_hook;
mod findings;
#[cfg(test)]
mod fuzz;
mod phases;
mod remedies;
mod run_kinds;
mod safeguards;
mod site_facts;
mod unconfirmed;
pub mod units;
mod values;
mod visible;
mod withheld;

pub use event_hook::hook_change;
pub use findings::{finding, service_name};
pub use phases::phase;
pub use remedies::remedy;
pub use run_kinds::run_kind;
pub use site_facts::{site_fact, site_fact_reason, site_fact_state, site_fact_statement};
pub use unconfirmed::unconfirmed_reason;
pub use values::value_fault;
pub use visible::{VisibleLines, visible, visible_in_color};
