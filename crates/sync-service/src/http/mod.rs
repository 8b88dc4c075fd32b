//! What is answered over HTTP. Okta's deliveries and the operator's questions have an address each: the first has to be
//! reachable from the internet, the second must not be.

mod health;
mod metrics;
mod monitor;
mod receiver;

use std::future::IntoFuture;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use health::{ConnectionHealth, Health};
pub use metrics::METRICS_TYPE;
pub use monitor::Monitor;
pub use receiver::Receiver;
pub(crate) use receiver::{Inbox, Inboxes};

/// How long requests under way may take once a listener is told to stop. Okta waits three seconds.
const GRACE: Duration = Duration::from_secs(3);

/// Why an address is not listened on.
#[derive(Debug, thiserror::Error)]
#[error("could not listen on {address}")]
pub struct ListenError {
    address: SocketAddr,
    setting: &'static str,
    #[source]
    source: std::io::Error,
}

impl ListenError {
    /// The setting that chose the address.
    pub const fn setting(&self) -> &'static str {
        self.setting
    }
}

async fn listen(
    address: SocketAddr,
    setting: &'static str,
) -> Result<(TcpListener, SocketAddr), ListenError> {
    let failed = |source| ListenError { address, setting, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}

/// Serves until told to stop; requests under way are finished.
async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
    let grace = async {
        stop.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = serving.into_future() => {
            if let Err(error) = result {
                tracing::error!(%error, "a listener stopped");
            }
        }
        () = grace => {}
    }
}
