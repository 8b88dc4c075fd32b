//! The listener of the console.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use sync_service::{ConsoleConfig, Fleet};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::app::App;
use crate::{api, assets, pages};

/// Why there is no console.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The address is taken, or not ours.
    #[error("the console could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

impl ConsoleError {
    /// The operator's next step.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Listen { .. } => Some("choose another address with console.listen, or \"off\"".into()),
        }
    }

    /// Whether the settings are wrong, rather than the world.
    pub const fn is_usage(&self) -> bool {
        false
    }
}

/// The web console and the admin API, on an address of their own.
pub struct Console {
    listener: TcpListener,
    url: String,
    router: Router,
    /// Ends live streams, which would keep the listener from ending.
    streams: CancellationToken,
}

impl Console {
    /// Listens on its address.
    ///
    /// # Errors
    /// When the address is taken or not ours.
    pub async fn bind(settings: &ConsoleConfig, fleet: &Arc<Fleet>) -> Result<Self, ConsoleError> {
        let failed = |source| ConsoleError::Listen { address: settings.listen, source };
        let listener = TcpListener::bind(settings.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let app = App { fleet: Arc::clone(fleet), stop: stop.clone() };
        let router = pages::router().merge(assets::router()).merge(api::router()).with_state(app);
        Ok(Self { listener, url: format!("http://{address}"), router, streams: stop })
    }

    /// Where people open it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Serves until told to stop.
    pub async fn serve(self, stop: CancellationToken) {
        let streams = self.streams.clone();
        let stop = async move {
            stop.cancelled().await;
            streams.cancel();
        };
        let serving = axum::serve(self.listener, self.router).with_graceful_shutdown(stop);
        if let Err(error) = serving.await {
            tracing::error!(%error, "the console stopped");
        }
    }
}
