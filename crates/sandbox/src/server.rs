//! Two listeners and what serves on them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::assets::{self, Site};
use crate::okta::{self, Org, OrgServer};
use crate::{SandboxOptions, control};

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SandboxError {
    /// The address is taken, or not ours.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file of the org data cannot be used.
    #[error("{}: {problem}", file.display())]
    OrgData {
        /// The file or folder.
        file: PathBuf,
        /// What is wrong with it, and where.
        problem: String,
    },
    /// A key could not be made.
    #[error("could not generate the app's key")]
    Key(#[source] josekit::JoseError),
    /// The HTTP client for deliveries could not be made.
    #[error("could not prepare the HTTP client for deliveries")]
    Http(#[source] reqwest::Error),
}

/// A running sandbox. Stops when dropped or shut down.
pub struct Sandbox {
    ready: Value,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
}

impl Sandbox {
    /// Fills the org and serves both simulators.
    ///
    /// # Errors
    /// When an address cannot be listened on or the org data cannot be read.
    pub async fn start(options: &SandboxOptions) -> Result<Self, SandboxError> {
        let org = match &options.org_data {
            Some(folder) => okta::load(folder)?,
            None => okta::seed(options.users, options.groups, options.members_per_group, options.seed),
        };
        Self::start_with(org, options).await
    }

    async fn start_with(org: Org, options: &SandboxOptions) -> Result<Self, SandboxError> {
        let (okta_listener, okta_url) = listen(options.okta).await?;
        let (assets_listener, assets_url) = listen(options.insight).await?;
        let stop = CancellationToken::new();
        let okta = Arc::new(OrgServer::new(org, okta_url.clone(), options, &stop)?);
        let site = Arc::new(Site::new(assets_url.clone(), options.import_delay));
        let ready = json!({
            "okta": okta.credentials(),
            "insight": site.credentials(),
            "control_url": format!("{}/control", origin(&assets_url)),
        });
        let control = control::router(Arc::clone(&okta), Arc::clone(&site));
        let tasks = vec![
            serve(okta_listener, okta::router(okta), stop.clone()),
            serve(assets_listener, assets::router(site).nest("/control", control), stop.clone()),
        ];
        Ok(Self { ready, stop, tasks })
    }

    /// What a client needs to know: addresses and credentials of both sides.
    pub const fn ready(&self) -> &Value {
        &self.ready
    }

    /// The address of the control API.
    pub fn control_url(&self) -> &str {
        self.ready["control_url"].as_str().unwrap_or_default()
    }

    /// Stops serving and waits for the end.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        for task in self.tasks.drain(..) {
            // A task that panicked has nothing left to wait for.
            let _ = task.await;
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, Url), SandboxError> {
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let url = Url::parse(&format!("http://{bound}/"))
        .map_err(|e| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, e)))?;
    Ok((listener, url))
}

fn serve(listener: TcpListener, router: axum::Router, stop: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        // Connections that are kept alive would hold a graceful shutdown up; a simulator may cut them.
        tokio::select! {
            () = stop.cancelled() => {}
            result = std::future::IntoFuture::into_future(axum::serve(listener, router)) => {
                if let Err(error) = result {
                    tracing::error!(%error, "a simulator stopped serving");
                }
            }
        }
    })
}

/// A URL without its trailing slash.
pub(crate) fn origin(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}
