//! A file per command.

pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod events;
pub(crate) mod export;
pub(crate) mod init;
pub(crate) mod keygen;
pub(crate) mod man;
mod manual_hook;
pub(crate) mod master_key;
pub(crate) mod pause;
pub(crate) mod plan;
pub(crate) mod prune;
mod remote;
pub(crate) mod runs;
pub(crate) mod sandbox;
pub(crate) mod schema;
pub(crate) mod setup;
pub(crate) mod status;
pub(crate) mod sync;
pub(crate) mod tokens;
pub(crate) mod verify;

use std::path::Path;

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
    open_from(common, None).await
}

/// The same with an export in the place of Okta.
pub(crate) async fn open_saved(common: &Common, folder: &Path) -> Result<Opened, Failure> {
    open_from(common, Some(folder)).await
}

async fn open_from(common: &Common, saved: Option<&Path>) -> Result<Opened, Failure> {
    let config = Config::load(&common.config)?;
    let chosen = config.chosen(common.connection.as_deref())?;
    for connection in &chosen {
        Connection::check(connection)?;
    }
    let store = Store::open(&config.store).await.map_err(ServiceError::from)?;
    let mut connections = Vec::new();
    for connection in chosen {
        connections.push(match saved {
            Some(folder) => Connection::open_saved(connection, &store, folder).await?,
            None => Connection::open(connection, &store).await?,
        });
    }
    Ok(Opened { config, store, connections })
}

/// The exit code of a process that Ctrl-C ended, as shells know it.
const INTERRUPTED: i32 = 130;

/// Cancelled at Ctrl-C or when the system asks the process to end. Asked again, the process ends at once, which loses
/// nothing either: a run goes on where it was, and what was sent is looked after.
pub(crate) fn stop_on_signal() -> CancellationToken {
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        shutdown_requested().await;
        asked.cancel();
        eprintln!("Stopping; again to end at once.");
        shutdown_requested().await;
        std::process::exit(INTERRUPTED);
    });
    stop
}
