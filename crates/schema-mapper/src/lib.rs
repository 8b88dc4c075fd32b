#![doc = include_str!("../README.md")]

mod account;
mod attribute;
mod attribute_type;
mod builtin;
mod comparison;
mod directory;
mod document;
mod empty_values;
mod error;
pub mod evolution;
mod ids;
mod mapping;
mod membership;
mod names;
mod options;
mod record;
mod reference_form;
mod scope;
mod status;
mod storage;
mod test_objects;
mod value;
mod warning;

pub use account::AccountLink;
pub use attribute::{MappedAttribute, Source};
pub use attribute_type::VALUE_TYPES;
pub use comparison::{AssetsAttribute, AttributeComparison, AttributeState, OktaAttribute, TypeComparison};
pub use empty_values::{DroppedValue, EmptyValues};
pub use error::MappingError;
pub use mapping::{Mapping, OrgSchemas, UserTypeSchema};
pub use options::{
    AccountAttribute, ArrayFormat, AttributeNames, AttributeOptions, EnumFormat, Manager, ManagerMatch,
    MappingOptions, MembershipStrategy, ReferenceFormChoice,
};
pub use record::MappedRecord;
pub use scope::{GroupScope, Patterns, ScopeError, SyncScope, UserScope};
pub use storage::{Loss, Storage};
pub use warning::MappingWarning;
