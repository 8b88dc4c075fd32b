//! A sandbox in this process, with a configuration for it.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use sandbox::{Sandbox, SandboxOptions};
use serde_json::Value;
use sync_config::Config;
use sync_daemon::{Connection, ServiceError};
use sync_engine::{NoopProgress, RunReport, SyncRequests};
use sync_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) struct TestEnv {
    pub(crate) sandbox: Sandbox,
    pub(crate) config: Config,
    pub(crate) store: Store,
    _folder: tempfile::TempDir,
}

impl TestEnv {
    /// A few users, no hook, and what else a configuration may hold.
    pub(crate) async fn start(more: &str) -> Self {
        let options = SandboxOptions { users: 5, groups: 2, ..SandboxOptions::default() };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let ready = sandbox.ready();
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {}\n\
             [connections.main.assets]\napi_url = {}\nimport_token = {}\n{more}",
            ready["okta"]["org_url"],
            ready["okta"]["client_id"],
            Value::from(ready["okta"]["private_key_jwk"].to_string()),
            ready["insight"]["api_url"],
            ready["insight"]["import_token"],
        );
        let config = Config::from_toml(&text, "c.toml", folder.path(), []).unwrap();
        let store = Store::open(&config.store).await.unwrap();
        Self { sandbox, config, store, _folder: folder }
    }

    /// The connection, as another process would open it.
    pub(crate) async fn connection(&self) -> Arc<Connection> {
        let settings = self.config.connections.values().next().unwrap();
        Arc::new(Connection::open(settings, &self.store).await.unwrap())
    }

    /// Waits until a process has left a request for a run in the store.
    pub(crate) async fn asked(&self) {
        let name = self.config.connections.keys().next().unwrap();
        let state = self.store.connection(name).await.unwrap();
        while state.pending_request_at(Timestamp::UNIX_EPOCH).await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn delegate_sync(
        &self,
        connection: &Connection,
        patience: Duration,
        stop: &CancellationToken,
    ) -> Result<RunReport, ServiceError> {
        connection.delegate_sync(false, patience, &self.config.store, &NoopProgress, stop).await
    }
}

/// Follows a connection until told to stop.
pub(crate) fn follow(connection: &Arc<Connection>) -> Following {
    let stop = CancellationToken::new();
    let (connection, asked) = (Arc::clone(connection), stop.clone());
    Following { stop, task: tokio::spawn(async move { connection.follow(&asked).await }) }
}

pub(crate) struct Following {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Following {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}
