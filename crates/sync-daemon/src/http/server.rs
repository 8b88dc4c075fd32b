//! Listening, with TLS from files that may change while it serves.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Address, Handle};
use sha2::{Digest, Sha256};
use sync_config::{Config, TlsConfig, TlsRequired, read_regular_file};
use sync_engine::{
    Activated, ActivationReason, BackgroundTask, FailedActivation, Remedy, Task, TaskDriver, TaskSpec,
};
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_util::sync::CancellationToken;

use super::gate::Gate;

/// The interval of checking the files.
const POLL_INTERVAL: Duration = Duration::from_secs(5);
/// A client that is slower than this is not waited for: with its handshake, and with the head of a request.
const PATIENCE: Duration = Duration::from_secs(10);
/// The maximum size of a request head and of a connection's buffer.
const HEAD: u32 = 32 << 10;
/// Bytes of request bodies that a connection of HTTP/2 buffers.
const H2_WINDOW: u32 = 64 << 10;
/// Requests of one connection of HTTP/2 at once.
const H2_STREAMS: u32 = 32;
/// The time that active requests have to end when the daemon stops.
pub(super) const DRAIN: Duration = Duration::from_secs(3);

/// The reason for which an address can't be listened on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The address is in use, or belongs to another host.
    #[error("could not listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The setting that chose it.
        setting: &'static str,
        /// The reason.
        #[source]
        source: std::io::Error,
    },
    /// A file cannot be read or used.
    #[error("could not use {} for TLS: {problem}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The problem with it.
        problem: String,
    },
    /// Anyone on the network path could read secrets.
    #[error(transparent)]
    TlsRequired(#[from] TlsRequired),
}

impl ListenError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Remedy {
        match self {
            Self::Bind { setting, .. } => Remedy::ChooseOtherAddress { key: (*setting).to_owned() },
            Self::File { .. } => Remedy::SetTlsFiles,
            Self::TlsRequired(error) => error.remedy(),
        }
    }

    /// True if the settings are wrong.
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::File { .. } | Self::TlsRequired(_))
    }
}

/// A listener that is bound and does not serve yet.
pub struct Server {
    listener: std::net::TcpListener,
    address: SocketAddr,
    setting: &'static str,
    tls: Option<Tls>,
    behind_proxy: bool,
    tasks: Arc<TaskDriver>,
}

struct Tls {
    files: TlsConfig,
    config: RustlsConfig,
    /// The contents at the last check.
    seen: Contents,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Contents([u8; 32]);

impl Server {
    /// Binds an address by the common rule: a loopback address without TLS, and any other one with TLS, its own or that
    /// of a proxy. `tasks` has the status of its background task.
    ///
    /// # Errors
    /// When a reachable address is served without TLS, and as [`Self::bind`].
    pub async fn by_rule(
        address: SocketAddr,
        setting: &'static str,
        config: &Config,
        tasks: &Arc<TaskDriver>,
    ) -> Result<Self, ListenError> {
        let (behind_proxy, tasks) = (config.behind_proxy, Arc::clone(tasks));
        let behind = |server: Self| Self { behind_proxy, tasks, ..server };
        if address.ip().is_loopback() {
            return Self::bind(address, setting, None).await.map(behind);
        }
        if config.tls.is_none() && !config.behind_proxy {
            return Err(TlsRequired { address, setting }.into());
        }
        Self::bind(address, setting, config.tls.clone()).await.map(behind)
    }

    /// Reads the certificate, if there is to be one, and binds the address.
    ///
    /// # Errors
    /// When the address cannot be bound, or the files are not a certificate with its key.
    pub async fn bind(
        address: SocketAddr,
        setting: &'static str,
        tls: Option<TlsConfig>,
    ) -> Result<Self, ListenError> {
        let tls = match tls {
            None => None,
            Some(files) => Some(Tls::load(files).await?),
        };
        let failed = |source| ListenError::Bind { address, setting, source };
        let listener = tokio::net::TcpListener::bind(address).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener: listener.into_std().map_err(failed)?,
            address,
            setting,
            tls,
            behind_proxy: false,
            tasks: Arc::default(),
        })
    }

    /// The address of the listener.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// True if it terminates TLS itself.
    pub const fn has_tls(&self) -> bool {
        self.tls.is_some()
    }

    /// Serves until interrupted; active requests then have three seconds.
    ///
    /// # Errors
    /// When the listener fails.
    pub async fn serve(self, router: Router, stop: CancellationToken) -> Result<(), ListenError> {
        self.serve_polling_every(POLL_INTERVAL, router, stop).await
    }

    async fn serve_polling_every(
        self,
        interval: Duration,
        router: Router,
        stop: CancellationToken,
    ) -> Result<(), ListenError> {
        let (address, setting) = (self.address, self.setting);
        let failed = |source| ListenError::Bind { address, setting, source };
        let (handle, ended) = (Handle::new(), CancellationToken::new());
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        let server = axum_server::from_tcp(self.listener).map_err(failed)?;
        let server = limited(server).handle(handle.clone());
        let gate = Gate::new(self.behind_proxy);
        let stopping = async {
            tokio::select! {
                () = stop.cancelled() => handle.graceful_shutdown(Some(DRAIN)),
                () = ended.cancelled() => {}
            }
        };
        let serving = async {
            let result = match &self.tls {
                None => server.acceptor(gate).serve(service).await,
                Some(tls) => {
                    let acceptor =
                        RustlsAcceptor::new(tls.config.clone()).handshake_timeout(PATIENCE).acceptor(gate);
                    server.acceptor(acceptor).serve(service).await
                }
            };
            ended.cancel();
            result.map_err(failed)
        };
        let watching = async {
            if let Some(tls) = &self.tls {
                let reload = TaskSpec::every(Task::CertificateReload, interval);
                let reload = reload.for_setting(setting).without_retries();
                self.tasks.run(reload, &mut ReloadTask { tls, seen: tls.seen }, &ended).await;
            }
        };
        tokio::join!(serving, stopping, watching).0
    }
}

/// The server with the limits of every listener: for times, and for what a connection buffers.
pub(super) fn limited<A: Address>(server: axum_server::Server<A>) -> axum_server::Server<A> {
    let mut server = server.first_request_timeout(PATIENCE);
    server.http_builder().http1().header_read_timeout(PATIENCE).max_buf_size(HEAD as usize);
    server
        .http_builder()
        .http2()
        .initial_connection_window_size(H2_WINDOW)
        .initial_stream_window_size(H2_WINDOW)
        .max_concurrent_streams(H2_STREAMS)
        .max_header_list_size(HEAD)
        .max_send_buf_size(HEAD as usize)
        .keep_alive_interval(PATIENCE)
        .keep_alive_timeout(PATIENCE);
    server
}

impl Tls {
    async fn load(files: TlsConfig) -> Result<Self, ListenError> {
        let (certificate, key) = read(&files).await?;
        let config = RustlsConfig::from_config(config(&files, &certificate, &key)?);
        Ok(Self { config, seen: Contents::of(&certificate, &key), files })
    }

    /// Loads new files, and returns true if there were any. While they can't be used, for example because only one of
    /// the two is new, the old ones stay; that is reported as an error once.
    async fn reload(&self, seen: &mut Contents) -> Result<bool, ListenError> {
        // A file that is not there is just being replaced.
        let Ok((certificate, key)) = read(&self.files).await else { return Ok(false) };
        let contents = Contents::of(&certificate, &key);
        if contents == *seen {
            return Ok(false);
        }
        *seen = contents;
        self.config.reload_from_config(config(&self.files, &certificate, &key)?);
        Ok(true)
    }
}

/// Loads new files of a certificate.
struct ReloadTask<'t> {
    tls: &'t Tls,
    seen: Contents,
}

#[async_trait]
impl BackgroundTask for ReloadTask<'_> {
    async fn activate(&mut self, _: ActivationReason, _: &CancellationToken) -> Activated {
        match self.tls.reload(&mut self.seen).await {
            Ok(false) => Activated::NothingDue,
            Ok(true) => {
                let file = self.tls.files.certificate.display();
                tracing::info!(certificate = %file, "loaded a new TLS certificate");
                Activated::Done
            }
            Err(error) => {
                let remedy = error.remedy();
                tracing::error!(
                    %error,
                    remedy = plain_text::remedy(&remedy),
                    "could not load the changed TLS files; keeping the old ones"
                );
                let error = error.to_string();
                Activated::failed(FailedActivation::quiet(Task::CertificateReload, error, Some(remedy)))
            }
        }
    }
}

impl Contents {
    fn of(certificate: &[u8], key: &[u8]) -> Self {
        let mut hash = Sha256::new();
        hash.update(Sha256::digest(certificate));
        hash.update(Sha256::digest(key));
        Self(hash.finalize().into())
    }
}

async fn read(files: &TlsConfig) -> Result<(Vec<u8>, Vec<u8>), ListenError> {
    let read = async |file: &Path| {
        let failed = |e: std::io::Error| ListenError::File { file: file.to_owned(), problem: e.to_string() };
        let path = file.to_owned();
        let read = tokio::task::spawn_blocking(move || read_regular_file(&path)).await;
        read.map_err(io::Error::from).flatten().map_err(failed)
    };
    Ok((read(&files.certificate).await?, read(&files.key).await?))
}

fn config(files: &TlsConfig, certificate: &[u8], key: &[u8]) -> Result<Arc<ServerConfig>, ListenError> {
    let wrong = |file: &Path, problem: &dyn std::fmt::Display| ListenError::File {
        file: file.to_owned(),
        problem: problem.to_string(),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate)
        .collect::<Result<_, _>>()
        .map_err(|e| wrong(&files.certificate, &e))?;
    // The error describes the file's format and contains no part of the key.
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|e| wrong(&files.key, &e))?;
    let provider = aws_lc_rs::default_provider();
    // Read separately, so that the right file is named.
    provider.key_provider.load_private_key(key.clone_key()).map_err(|e| wrong(&files.key, &e))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
        .map_err(|e| wrong(&files.certificate, &e))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests;
