//! A file per command.

pub(crate) mod events;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod runs;
pub(crate) mod sandbox;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod verify;

use sync_service::{Config, Connection, ServiceError, Store, shutdown_requested};
use tokio_util::sync::CancellationToken;

use crate::args::Common;
use crate::output::Failure;

/// The configuration and the connections that a command is about.
pub(crate) struct Opened {
    pub(crate) config: Config,
    pub(crate) store: Store,
    pub(crate) connections: Vec<Connection>,
}

/// Reads the configuration and opens what the command is about. Everything that can be wrong without asking anybody is
/// found here.
pub(crate) async fn open(common: &Common) -> Result<Opened, Failure> {
    let config = Config::load(&common.config)?;
    let chosen = config.chosen(common.connection.as_deref())?;
    for connection in &chosen {
        Connection::check(connection)?;
    }
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let mut connections = Vec::new();
    for connection in chosen {
        connections.push(Connection::open(connection, &store).await?);
    }
    Ok(Opened { config, store, connections })
}

/// Cancelled at Ctrl-C or when the system asks the process to end.
pub(crate) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        shutdown_requested().await;
        asked.cancel();
    });
    stop
}
