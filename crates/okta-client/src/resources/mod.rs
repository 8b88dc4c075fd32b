//! The parts of the API, one handle each: paths and types only.

mod event_hooks;
mod groups;
mod schemas;
mod users;

pub use event_hooks::EventHooks;
pub use groups::{GroupQuery, Groups};
pub use schemas::{Schemas, UserTypes};
pub use users::{UserQuery, Users};

use crate::error::{Error, Result};

/// An id that may become part of a path. Only ids do: Okta and clients disagree on how other text is encoded in proofs.
fn checked(id: &str) -> Result<&str> {
    let fits = !id.is_empty()
        && id.len() <= 64
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits { Ok(id) } else { Err(Error::InvalidId(id.chars().take(64).collect())) }
}

/// `None` for what is not there.
fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
