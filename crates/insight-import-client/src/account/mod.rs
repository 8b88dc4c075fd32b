//! Calls that require an account rather than an import token: the structure of Assets, its objects, the settings of
//! imports.
//!
//! <https://developer.atlassian.com/cloud/assets/rest/>

mod builder;
mod client;
mod import_source;
mod model;
mod objects;
mod page;
mod sources;
mod structure;

pub use builder::AssetsClientBuilder;
pub use client::AssetsClient;
pub use import_source::{EmptyValues, ImportSource, ImportSourceEntry};
pub use model::{
    AttributeUpdate, DefaultType, Object, ObjectAttribute, ObjectRef, ObjectSchema, ObjectType,
    ObjectTypeAttribute, ObjectValue, ObjectValues, SchemaUsage, Usage,
};
pub use objects::aql_text;
