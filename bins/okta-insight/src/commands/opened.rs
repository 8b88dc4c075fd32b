//! The configuration and the connections of a command.

use std::io::ErrorKind;
use std::path::Path;

use admin_api::Unavailable;
use sync_config::{Config, ConfigError, check_clients};
use sync_daemon::{Connection, ConnectionRegistry, ServiceError};
use sync_model::ConnectionName;
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
    let (opened, broken) = open_working(common, saved).await?;
    match broken.first() {
        Some((name, broken)) => Err(ServiceError::unavailable(name, broken).into()),
        None => Ok(opened),
    }
}

/// Opens the available connections, for a command that also reports the unavailable ones.
pub(crate) async fn open_working(
    common: &Common,
    saved: Option<&Path>,
) -> Result<(Opened, Vec<(ConnectionName, Unavailable)>), Failure> {
    let name = common.local.connection.as_deref();
    let config = load(&common.local)?;
    let mut store = None;
    let known = if config.store.exists() {
        let there = Store::open(&config.store).await.map_err(ServiceError::from)?;
        ConnectionRegistry::of(config, store.insert(there)).await?
    } else {
        ConnectionRegistry::read(config).await?
    };
    let working = known.working(name)?;
    for connection in &working {
        check_clients(connection)?;
    }
    let store = match store {
        Some(store) => store,
        None => Store::open(&known.config.store).await.map_err(ServiceError::from)?,
    };
    let mut connections = Vec::new();
    for connection in working {
        connections.push(match saved {
            Some(folder) => Connection::open_saved(connection, &store, folder).await?,
            None => Connection::open(connection, &store).await?,
        });
    }
    let broken = known.unavailable_of(name).into_iter().map(|(name, broken)| (name.clone(), broken.clone()));
    let broken = broken.collect();
    Ok((Opened { config: known.config, store, connections }, broken))
}
