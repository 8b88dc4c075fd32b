//! One sending process per connection.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use sync_engine::StoreError;
use sync_model::ConnectionName;

use crate::ServiceError;

/// Held while a process sends; the system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock {
    _file: File,
}

impl Lock {
    pub(crate) fn take(store: &Path, connection: &ConnectionName) -> Result<Self, ServiceError> {
        let mut name = store.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{connection}.lock"));
        let path = store.with_file_name(name);
        let failed =
            |e: std::io::Error| StoreError::new("lock the connection", format!("{}: {e}", path.display()));
        let file = OpenOptions::new().create(true).append(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: file }),
            Err(TryLockError::WouldBlock) => Err(ServiceError::Locked(connection.to_string())),
            Err(TryLockError::Error(error)) => Err(failed(error).into()),
        }
    }
}
