//! The configuration and the connections of a command.

use std::io::ErrorKind;
use std::path::Path;

use sync_config::{Config, ConfigError, check_clients};
use sync_daemon::{Connection, ConnectionRegistry, ServiceError};
use sync_store::Store;

use crate::args::{Common, Local};
use crate::failure::Failure;

/// The configuration and the selected connections.
pub(crate) struct Opened {
    /// Its connections include those saved in the console.
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) connections: Vec<Connection>,
}

impl Opened {
    /// Waits until no other process writes to the state store, for a command that writes.
    pub(crate) async fn in_turn(self) -> Result<Self, Failure> {
        self.store.await_turn().await.map_err(ServiceError::from)?;
        Ok(self)
    }
}

/// Reads the configuration. If it is missing, the hint names the flags for a remote daemon.
fn load(local: &Local) -> Result<Config, Failure> {
    local.file.load().map_err(|error| {
        let missing =
            matches!(&error, ConfigError::Read { source, .. } if source.kind() == ErrorKind::NotFound);
        let mut failure = Failure::from(error);
        if let (true, Some(hint)) = (missing, &mut failure.hint) {
            hint.push_str("; for a remote daemon, set `--server URL --token-file FILE`");
        }
        failure
    })
}

/// The connections of the configuration and those saved in the console. The state store isn't changed.
pub(crate) async fn known(local: &Local) -> Result<ConnectionRegistry, Failure> {
    Ok(ConnectionRegistry::read(load(local)?).await?)
}

/// Reads the configuration and opens the selected connections. Reports all errors that need no request.
pub(crate) async fn open(common: &Common) -> Result<Opened, Failure> {
    open_from(common, None).await
}

/// Opens the connections with an export instead of Okta.
pub(crate) async fn open_saved(common: &Common, folder: &Path) -> Result<Opened, Failure> {
    open_from(common, Some(folder)).await
}

async fn open_from(common: &Common, saved: Option<&Path>) -> Result<Opened, Failure> {
    let name = common.local.connection.as_deref();
    let (known, store) = registry(&common.local).await?;
    let chosen = known.chosen(name)?;
    for connection in &chosen {
        check_clients(connection)?;
    }
    let store = store_of(&known.config, store).await?;
    let mut connections = Vec::new();
    for connection in chosen {
        connections.push(match saved {
            Some(folder) => Connection::open_saved(connection, &store, folder).await?,
            None => Connection::open(connection, &store).await?,
        });
    }
    Ok(Opened { config: known.config, store, connections })
}

/// The connections of the configuration and those saved in the console, and the store, if there is one.
pub(super) async fn registry(local: &Local) -> Result<(ConnectionRegistry, Option<Store>), Failure> {
    let config = load(local)?;
    if !config.store.exists() {
        return Ok((ConnectionRegistry::read(config).await?, None));
    }
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    Ok((ConnectionRegistry::of(config, &store).await?, Some(store)))
}

/// The store that is open, or the one of the configuration, which is created if it is missing.
pub(super) async fn store_of(config: &Config, store: Option<Store>) -> Result<Store, Failure> {
    match store {
        Some(store) => Ok(store),
        None => Ok(Store::open(&config.store).await.map_err(ServiceError::from)?),
    }
}
