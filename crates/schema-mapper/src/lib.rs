#![doc = include_str!("../README.md")]

mod account;
mod attribute;
mod clearing;
mod directory;
mod document;
mod error;
pub mod evolution;
mod ids;
mod mapping;
mod membership;
mod names;
mod options;
mod own;
mod record;
mod selection;
mod shape;
mod status;
mod storage;
mod value;
mod view;
mod warning;

pub use account::AccountLink;
pub use attribute::{MappedAttribute, Source};
pub use clearing::{EmptyValues, KeptValue};
pub use error::MappingError;
pub use mapping::{Mapping, OrgSchemas, UserTypeSchema};
pub use options::{
    Account, Arrays, Attributes, Enums, Manager, ManagerBy, MappingOptions, Memberships, Naming,
};
pub use record::Mapped;
pub use selection::{GroupSelection, Patterns, Selection, SelectionError, UserSelection};
pub use shape::VALUE_TYPES;
pub use storage::{Loss, Storage};
pub use view::{AssetsAttribute, AttributeState, AttributeView, OktaAttribute, TypeView};
pub use warning::MappingWarning;
