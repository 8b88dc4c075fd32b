//! Requests for one object.

use crate::error::{Error, Result};
use crate::model::is_id;

/// An id that may become part of a path. Only ids do: Okta and clients disagree on how other text is encoded in proofs.
pub(super) fn checked(id: &str) -> Result<&str> {
    if is_id(id) { Ok(id) } else { Err(Error::InvalidId(id.chars().take(64).collect())) }
}

/// A response about the requested object.
pub(super) fn about<T>(requested: &str, path: &str, object: T, id: impl Fn(&T) -> &str) -> Result<T> {
    match id(&object) {
        returned if returned == requested => Ok(object),
        returned => {
            Err(Error::OtherObject { path: path.to_owned(), answered: returned.chars().take(64).collect() })
        }
    }
}

/// `None` for a missing object.
pub(super) fn found<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
