//! The choice between the two ways, for each connection of a command.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use admin_api::{RemoteClient, RemoteError, Unavailable};
use futures::future::join_all;
use sync_config::check_clients;
use sync_daemon::{Connection, ConnectionRegistry, ServiceError};
use sync_engine::error_chain;
use sync_model::ConnectionName;
use sync_store::Store;

use super::here::Here;
use super::operations::Backend;
use super::remote::remote;
use super::there::There;
use crate::args::Common;
use crate::commands::audit_entry::Audit;
use crate::commands::opened::{registry, store_of};
use crate::failure::Failure;

/// The way to work with a connection.
pub(crate) enum Road {
    /// By the daemon that runs it.
    There(Box<There>),
    /// By this process.
    Here(Box<Here>),
}

impl Road {
    /// The connection, if a daemon runs it.
    const fn daemon_of(&self) -> Option<&ConnectionName> {
        match self {
            Self::There(there) => Some(&there.name),
            Self::Here(_) => None,
        }
    }
}

/// The connections of a command, each with its way.
pub(crate) struct Roads {
    pub(crate) all: Vec<Road>,
    /// The connections that this process can't open, and that no daemon runs.
    pub(crate) unavailable: Vec<(ConnectionName, Unavailable)>,
    /// The store, if this process works with a connection.
    store: Option<Store>,
}

impl Roads {
    /// The connections in order.
    pub(crate) fn backends(&self) -> impl Iterator<Item = &dyn Backend> {
        self.all.iter().map(|road| match road {
            Road::There(there) => there.as_ref() as &dyn Backend,
            Road::Here(here) => here.as_ref(),
        })
    }

    /// Closes the store.
    pub(crate) async fn close(self) {
        if let Some(store) = self.store {
            store.close().await;
        }
    }
}

/// The selected connections. With `--server`, a remote daemon runs them. On this host, a daemon runs those for which it
/// serves a socket beside the store, and this process opens the others.
pub(crate) async fn working_roads(common: &Common) -> Result<Roads, Failure> {
    if let Some(there) = remote(common).await? {
        let all = there.into_iter().map(|there| Road::There(Box::new(there))).collect();
        return Ok(Roads { all, unavailable: Vec::new(), store: None });
    }
    let name = common.local.connection.as_deref();
    let (known, store) = registry(&common.local).await?;
    let mut daemons = daemons(&known, name).await?;
    let working: Vec<ConnectionName> =
        known.working(name)?.into_iter().map(|connection| connection.name.clone()).collect();
    let mut unavailable: Vec<(ConnectionName, Unavailable)> =
        known.unavailable_of(name).into_iter().map(|(name, why)| (name.clone(), why.clone())).collect();
    let here: Vec<ConnectionName> =
        working.iter().filter(|name| !daemons.contains_key(name)).cloned().collect();
    let config = Arc::new(known.config.clone());
    for settings in here.iter().filter_map(|name| config.connections.get(name)) {
        check_clients(settings).map_err(ServiceError::from)?;
    }
    let store = match (here.is_empty(), store) {
        (true, None) => None,
        (_, store) => Some(store_of(&config, store).await?),
    };
    let mut all = Vec::new();
    for name in &working {
        if let Some(there) = daemons.remove(name) {
            all.push(Road::There(Box::new(there)));
        } else if let (Some(settings), Some(store)) = (config.connections.get(name), &store) {
            let connection = Connection::open(settings, store).await?;
            all.push(Road::Here(Box::new(Here { connection, config: Arc::clone(&config) })));
        }
    }
    unavailable.retain(|(name, _)| match daemons.remove(name) {
        Some(there) => {
            all.push(Road::There(Box::new(there)));
            false
        }
        None => true,
    });
    Ok(Roads { all, unavailable, store })
}

/// The same for a command that needs all of them.
pub(crate) async fn roads(common: &Common) -> Result<Roads, Failure> {
    let roads = working_roads(common).await?;
    match roads.unavailable.first() {
        Some((name, reason)) => Err(ServiceError::unavailable(name, reason).into()),
        None => Ok(roads),
    }
}

/// The same for a command that changes something. Daemons audit the requests that they receive. This process waits until
/// no other one writes to the store.
pub(crate) async fn roads_to_change(common: &Common, audit: &mut Audit<'_>) -> Result<Roads, Failure> {
    let roads = roads_to_stage(common).await?;
    let served: BTreeSet<_> = roads.all.iter().filter_map(Road::daemon_of).cloned().collect();
    if served.len() == roads.all.len() {
        audit.leave_all_to_daemons();
    } else if !served.is_empty() {
        audit.leave_to_daemons(served).await;
    }
    Ok(roads)
}

/// The same for a command that writes only to the store.
pub(crate) async fn roads_to_stage(common: &Common) -> Result<Roads, Failure> {
    let roads = roads(common).await?;
    let is_here = roads.all.iter().any(|road| matches!(road, Road::Here(_)));
    if let Some(store) = roads.store.as_ref().filter(|_| is_here) {
        store.await_turn().await.map_err(ServiceError::from)?;
    }
    Ok(roads)
}

/// The selected connections for which a daemon serves a socket beside the store. If a daemon doesn't answer, or has another
/// version, a warning is printed, and this process works instead; the daemon's lock still keeps it from sending.
pub(super) async fn daemons(
    known: &ConnectionRegistry,
    name: Option<&str>,
) -> Result<BTreeMap<ConnectionName, There>, Failure> {
    let working = known.working(name)?.into_iter().map(|connection| &connection.name);
    let broken = known.unavailable_of(name).into_iter().map(|(name, _)| name);
    let asked = working.chain(broken).map(async |name| {
        let found = daemon_of(&known.config.store, name).await;
        let client = found.unwrap_or_else(|error| {
            eprintln!("warning: {}; continuing without the daemon", error_chain(&error));
            None
        })?;
        Some((name.clone(), There { client, name: name.clone() }))
    });
    Ok(join_all(asked).await.into_iter().flatten().collect())
}

#[cfg(unix)]
async fn daemon_of(store: &Path, name: &ConnectionName) -> Result<Option<RemoteClient>, RemoteError> {
    RemoteClient::beside(store, name).await
}

/// Without sockets, no daemon is found: requests to it wait in the store.
#[cfg(not(unix))]
async fn daemon_of(_: &Path, _: &ConnectionName) -> Result<Option<RemoteClient>, RemoteError> {
    Ok(None)
}
