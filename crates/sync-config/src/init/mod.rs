//! The first configuration of a connection: the required values, and the files.

mod answers;
mod error;
mod key;
mod master;
mod private;
mod write;

pub use answers::{InitAnswers, RequiredScope, needed_scopes};
pub use error::InitError;
pub use key::{KeyFile, NewKey, generate_key, read_key};
pub use master::{new_master_key, read_master_key};
pub use private::write_private;
pub use write::{ConfigDraft, SecretKind, WrittenFiles};
