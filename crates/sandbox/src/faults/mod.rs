//! Faults on demand: which there are, how often each strikes, and the dice.

mod active;
mod fault;
mod odd;
mod spec;
mod transport;

pub(crate) use active::{Faults, Hold};
pub(crate) use fault::{Fault, Side};
pub(crate) use odd::spoil;
pub use spec::{FaultSpec, InvalidFault};
pub(crate) use transport::inject;
