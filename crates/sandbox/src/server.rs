//! The two listeners and their servers.

use std::net::SocketAddr;
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::assets::{self, Ids, Site, Sources};
use crate::control::{self, Both};
use crate::error::SandboxError;
use crate::faults::Faults;
use crate::okta::{self, Org, OrgServer};
use crate::options::SandboxOptions;
use crate::origin::origin;
use crate::tls::{self, TlsListener};

/// Another import source of the site, with its own object schema and without an account.
#[derive(Debug, Clone)]
pub struct OtherSource {
    /// Its import token.
    pub import_token: String,
    /// The address of a control API of the same org and of this source instead of the first.
    pub control_url: String,
}

/// A running sandbox. Stops when dropped or shut down.
pub struct Sandbox {
    ready: Value,
    other: OtherSource,
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
        let tls = options.tls.as_ref().map(tls::acceptor).transpose()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (okta_listener, own_url) = listen(options.okta, scheme).await?;
        let (assets_listener, assets_url) = listen(options.insight, scheme).await?;
        let okta_url = match &options.public_url_okta {
            Some(url) if url.path() == "/" && url.query().is_none() && url.has_host() => url.clone(),
            Some(url) => return Err(SandboxError::PublicUrl(url.clone())),
            None => own_url,
        };
        let stop = CancellationToken::new();
        let faults = Arc::new(Faults::new(options.faults.clone()));
        let okta = Arc::new(OrgServer::new(org, okta_url.clone(), options, Arc::clone(&faults), &stop)?);
        let site =
            |ids| Arc::new(Site::new(assets_url.clone(), ids, options.import_delay, Arc::clone(&faults)));
        let sources = Sources { first: site(Ids::FIRST), other: site(Ids::OTHER) };
        let ready = json!({
            "okta": okta.credentials(),
            "insight": sources.first.credentials(),
            "control_url": format!("{}/control", origin(&assets_url)),
        });
        let other = OtherSource {
            import_token: sources.other.import_token(),
            control_url: format!("{}/other-control", origin(&assets_url)),
        };
        let control = |site: &Arc<Site>| {
            control::router(Both {
                org: Arc::clone(&okta),
                site: Arc::clone(site),
                faults: Arc::clone(&faults),
            })
        };
        let (control, other_control) = (control(&sources.first), control(&sources.other));
        let assets = assets::router(sources).nest("/control", control).nest("/other-control", other_control);
        let tasks = vec![
            serve(okta_listener, tls.clone(), okta::router(okta), stop.clone()),
            serve(assets_listener, tls, assets, stop.clone()),
        ];
        Ok(Self { ready, other, stop, tasks })
    }

    /// The values that a client needs: addresses and credentials of both sides.
    pub const fn ready(&self) -> &Value {
        &self.ready
    }

    /// Another import source of the same site.
    pub const fn other_source(&self) -> &OtherSource {
        &self.other
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

async fn listen(address: SocketAddr, scheme: &str) -> Result<(TcpListener, Url), SandboxError> {
    let failed = |source| SandboxError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    let url = Url::parse(&format!("{scheme}://{bound}/"))
        .map_err(|e| failed(std::io::Error::new(std::io::ErrorKind::InvalidInput, e)))?;
    Ok((listener, url))
}

fn serve(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    router: axum::Router,
    stop: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let serving = async {
            match tls {
                None => axum::serve(listener, router).await,
                Some(acceptor) => axum::serve(TlsListener::new(listener, acceptor), router).await,
            }
        };
        // Keep-alive connections would delay a graceful shutdown; a simulator may close them.
        tokio::select! {
            () = stop.cancelled() => {}
            result = serving => {
                if let Err(error) = result {
                    tracing::error!(%error, "a simulator stopped serving");
                }
            }
        }
    })
}
