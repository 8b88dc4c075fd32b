//! The checks of a connection that need its settings only, so that they work without a usable store.

use std::path::PathBuf;
use std::sync::Arc;

use admin_api::SchemaView;
use async_trait::async_trait;
use diagnostics::{CheckReport, examine_one};
use sync_config::{Config, ConnectionConfig};
use sync_daemon::{ServiceError, ThisProcess, compare_schemas};
use tokio_util::sync::CancellationToken;

use super::remote::remote;
use super::roads::daemons;
use super::there::There;
use crate::args::Common;
use crate::commands::opened::known;
use crate::failure::Failure;

/// A connection whose settings are known.
#[async_trait(?Send)]
pub(crate) trait Inspection {
    /// Checks all prerequisites.
    async fn examine(&self, stop: &CancellationToken) -> Result<CheckReport, Failure>;

    /// Compares the attributes of Okta and Assets.
    async fn compare_schemas(&self, stop: &CancellationToken) -> Result<SchemaView, Failure>;
}

#[async_trait(?Send)]
impl Inspection for There {
    async fn examine(&self, stop: &CancellationToken) -> Result<CheckReport, Failure> {
        Ok(self.client.examine(&self.name, stop).await?)
    }

    async fn compare_schemas(&self, stop: &CancellationToken) -> Result<SchemaView, Failure> {
        Ok(self.client.compare_schemas(&self.name, stop).await?)
    }
}

/// The settings of a connection that this process inspects.
struct Settings {
    config: Arc<Config>,
    /// The path of the configuration file.
    file: PathBuf,
    connection: ConnectionConfig,
}

#[async_trait(?Send)]
impl Inspection for Settings {
    async fn examine(&self, _: &CancellationToken) -> Result<CheckReport, Failure> {
        Ok(examine_one(&self.config, &self.file, &self.connection, &ThisProcess).await)
    }

    async fn compare_schemas(&self, _: &CancellationToken) -> Result<SchemaView, Failure> {
        Ok(compare_schemas(&self.connection).await?)
    }
}

/// The selected connections, each by its daemon or by this process.
pub(crate) async fn inspections(common: &Common) -> Result<Vec<Box<dyn Inspection>>, Failure> {
    if let Some(there) = remote(common).await? {
        return Ok(there.into_iter().map(|there| Box::new(there) as Box<dyn Inspection>).collect());
    }
    let name = common.local.connection.as_deref();
    let known = known(&common.local).await?;
    let mut daemons = daemons(&known, name).await?;
    let file = common.local.file.path();
    let mut all: Vec<Box<dyn Inspection>> = Vec::new();
    for connection in known.working(name)? {
        all.push(match daemons.remove(&connection.name) {
            Some(there) => Box::new(there),
            None => Box::new(Settings {
                config: Arc::new(known.config.clone()),
                file: file.to_owned(),
                connection: connection.clone(),
            }),
        });
    }
    for (name, reason) in known.unavailable_of(name) {
        let there = daemons.remove(name).ok_or_else(|| ServiceError::unavailable(name, reason))?;
        all.push(Box::new(there));
    }
    Ok(all)
}
