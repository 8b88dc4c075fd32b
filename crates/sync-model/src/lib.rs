#![doc = include_str!("../README.md")]

mod fingerprint;
mod ids;
mod problem;
mod record;
mod reference_form;
mod value;

pub use fingerprint::Fingerprint;
pub use ids::{ConnectionName, EventId, ExecutionId, GroupId, InvalidConnectionName, RunId, UserId};
pub use problem::{ValueProblem, ValueProblemKind};
pub use record::{
    Alias, AliasReference, ObjectKind, Record, RecordKey, Reference, RetireReason, UnknownObjectKind,
};
pub use reference_form::ReferenceForm;
pub use value::is_empty;
