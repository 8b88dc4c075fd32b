#![doc = include_str!("../README.md")]

mod attribute;
pub mod evolution;
mod mapping;
mod names;
mod options;
mod record;
mod status;
mod value;

pub use attribute::{MappedAttribute, Source};
pub use mapping::{Mapping, MappingError, OrgSchemas, UserTypeSchema};
pub use options::{Attributes, Manager, ManagerBy, MappingOptions, Naming};
pub use record::{Mapped, ValueProblem};
