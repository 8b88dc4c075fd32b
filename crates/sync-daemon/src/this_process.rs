//! The parts of a daemon that checks and fixes use while none runs, in this process.

use std::sync::Arc;

use async_trait::async_trait;
use diagnostics::{DaemonParts, FixFailed, TemporaryReceiver};
use okta_client::HookSecret;
use sync_config::{Config, ConnectionConfig};
use sync_engine::{SchemaReport, SystemClock, error_chain};
use sync_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::connection::Connection;
use crate::error::ServiceError;
use crate::http::HookReceiver;
use crate::http::inbox::{Inbox, Inboxes};

/// This process instead of a daemon, for [`diagnostics::examine`].
#[derive(Debug, Clone, Copy, Default)]
pub struct ThisProcess;

#[async_trait]
impl DaemonParts for ThisProcess {
    async fn receive(&self, config: &Config) -> Option<Box<dyn TemporaryReceiver>> {
        Some(Box::new(StoringReceiver::begin(config).await?))
    }

    async fn set_up_schema(
        &self,
        config: &Config,
        connection: &ConnectionConfig,
    ) -> Result<SchemaReport, FixFailed> {
        let report = set_up_schema(config, connection).await;
        report.map_err(|error| FixFailed { message: error_chain(&error), remedy: error.remedy() })
    }
}

async fn set_up_schema(config: &Config, connection: &ConnectionConfig) -> Result<SchemaReport, ServiceError> {
    let store = Store::open(&config.store).await?;
    let report = match Connection::open(connection, &store).await {
        Ok(connection) => connection.engine().set_up_schema().await.map_err(ServiceError::from),
        Err(error) => Err(error),
    };
    store.close().await;
    report
}

/// The receiver of this process, while no daemon responds: deliveries are stored meanwhile.
struct StoringReceiver {
    stop: CancellationToken,
    serving: JoinHandle<()>,
    store: Store,
}

impl StoringReceiver {
    /// `None` when the store or the address is not to be had; a daemon may have both.
    async fn begin(config: &Config) -> Option<Self> {
        let store = Store::open(&config.store).await.ok()?;
        let receiver = match Self::inboxes(config, &store).await {
            Some(inboxes) => HookReceiver::with_inboxes(config, inboxes, &Arc::default()).await.ok(),
            None => None,
        };
        let Some(receiver) = receiver else {
            store.close().await;
            return None;
        };
        let stop = CancellationToken::new();
        let serving = tokio::spawn(receiver.serve(stop.clone()));
        Some(Self { stop, serving, store })
    }

    /// Opens the store and the secrets without settings that may be invalid.
    async fn inboxes(config: &Config, store: &Store) -> Option<Inboxes> {
        let inboxes = Inboxes::default();
        for connection in config.connections.values() {
            let Some(hook) = &connection.event_hook else { continue };
            let inbox = Inbox {
                secret: HookSecret::new(hook.secret.clone()),
                store: Arc::new(store.connection(&connection.name).await.ok()?),
                waker: Arc::default(),
                clock: Arc::new(SystemClock),
                alerts: None,
            };
            inboxes.insert(connection.name.to_string(), inbox);
        }
        Some(inboxes)
    }
}

#[async_trait]
impl TemporaryReceiver for StoringReceiver {
    async fn end(self: Box<Self>) {
        self.stop.cancel();
        // The task ends after it is canceled.
        let _ = self.serving.await;
        self.store.close().await;
    }
}
