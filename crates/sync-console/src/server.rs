//! The listener of the console and its middleware.

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::{Next, from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use secrecy::SecretString;
use sync_config::{Config, ConsoleConfig, TlsRequired};
use sync_daemon::{ConnectionManager, ListenError, METRICS_TYPE, Server};
use sync_engine::{Remedy, StoreError};
use tokio_util::sync::CancellationToken;

use crate::access::oidc::{Oidc, OidcError, OidcSettings};
use crate::access::{self, Access, AccessOptions, Problem};
use crate::app::App;
use crate::headers::{SecurityHeaders, secure};
use crate::{api, assets, audit, pages};

/// The setting that chooses the address.
const SETTING: &str = "console.listen";

/// The reason for which the console can't start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConsoleError {
    /// The address cannot be listened on.
    #[error("{}", listen_message(.0))]
    Listen(#[from] ListenError),
    /// Sign-in with Okta isn't configured correctly.
    #[error("console.oidc: {0}")]
    OpenId(#[from] OidcError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ConsoleError {
    /// The action that resolves it.
    pub fn remedy(&self) -> Option<Remedy> {
        match self {
            Self::Listen(error) => Some(error.remedy()),
            Self::OpenId(_) | Self::Store(_) => None,
        }
    }

    /// True if the settings are wrong.
    pub const fn is_usage(&self) -> bool {
        match self {
            Self::Listen(error) => error.is_usage(),
            Self::OpenId(_) => true,
            Self::Store(_) => false,
        }
    }
}

/// The message, which names the console where TLS is required.
fn listen_message(error: &ListenError) -> String {
    match error {
        ListenError::TlsRequired(TlsRequired { address, .. }) => {
            format!("refusing to serve the console on `{address}` without TLS")
        }
        error => format!("console: {error}"),
    }
}

/// The web console and the admin API, with a separate listener.
pub struct Console {
    server: Server,
    url: String,
    router: Router,
    manager: Arc<ConnectionManager>,
    /// Ends streams, which would block the listener's shutdown.
    streams: CancellationToken,
}

impl fmt::Debug for Console {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Console").field("url", &self.url).finish_non_exhaustive()
    }
}

impl Console {
    /// Listens on its address.
    ///
    /// # Errors
    /// When the address can't be used, or sign-in with Okta isn't configured correctly.
    pub async fn bind(
        settings: &ConsoleConfig,
        manager: &Arc<ConnectionManager>,
    ) -> Result<Self, ConsoleError> {
        let config = manager.config();
        let server = Server::by_rule(settings.listen, SETTING, config, manager.driver()).await?;
        let access = access(settings, config, &server, manager)?;
        let streams = CancellationToken::new();
        let app = App { manager: Arc::clone(manager), stop: streams.clone() };
        let https = server.has_tls() || config.behind_proxy;
        let scheme = if server.has_tls() { "https" } else { "http" };
        let url = match &settings.public_url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => format!("{scheme}://{}", server.address()),
        };
        let router = router(app, access, SecurityHeaders { https });
        Ok(Self { server, url, router, manager: Arc::clone(manager), streams })
    }

    /// The URL of the console.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Creates the administrator's token if no token was ever created. It is returned only once.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn first_token(&self) -> Result<Option<SecretString>, ConsoleError> {
        Ok(access::first_token(&self.manager.store().access(), self.manager.now()).await?)
    }

    /// Serves until interrupted.
    pub async fn serve(self, stop: CancellationToken) {
        let streams = async {
            stop.cancelled().await;
            self.streams.cancel();
        };
        let serving = async {
            if let Err(error) = self.server.serve(self.router, stop.clone()).await {
                tracing::error!(error = sync_engine::error_chain(&error), "the console stopped");
                stop.cancel();
            }
        };
        tokio::join!(serving, streams);
    }
}

fn access(
    settings: &ConsoleConfig,
    config: &Config,
    server: &Server,
    manager: &ConnectionManager,
) -> Result<Access, ConsoleError> {
    let options = AccessOptions {
        idle: settings.session_idle_timeout,
        lifetime: settings.session_max_age,
        tls: server.has_tls(),
        behind_proxy: config.behind_proxy,
    };
    let oidc = match (&settings.oidc, &settings.public_url) {
        (Some(openid), Some(public_url)) => Some(Oidc::new(OidcSettings {
            issuer: openid.org_url.clone(),
            client_id: openid.client_id.clone(),
            client_secret: openid.client_secret.clone(),
            admin_groups: openid.admin_groups.clone(),
            read_only_groups: openid.read_only_groups.clone(),
            redirect_base: public_url.clone(),
            allow_private_addresses: config.allow_private_addresses,
        })?),
        _ => None,
    };
    let (refused, clock) = (manager.refused_sign_ins().clone(), Arc::clone(manager.clock()));
    Ok(Access::new(manager.store().access(), options, oidc, refused, clock))
}

/// The public routes, the routes that require a sign-in, and the headers around all of them.
pub(crate) fn router(app: App, access: Access, headers: SecurityHeaders) -> Router {
    let guarded = Router::new()
        .merge(pages::router())
        .merge(api::router())
        .route("/metrics", get(metrics))
        .with_state(app.clone())
        .layer(from_fn_with_state(app.clone(), audit::record))
        .layer(from_fn_with_state(access.clone(), access::authorize));
    let open = Router::new()
        .merge(assets::router())
        .route("/healthz", get(async || "alive\n"))
        .route("/readyz", get(ready))
        .with_state(app);
    guarded
        .merge(open)
        .merge(access::routes(access, pages::sign_in))
        .layer(from_fn(refusals_as_pages))
        .layer(from_fn_with_state(headers, secure))
}

/// Renders a rejection as a page for browsers.
async fn refusals_as_pages(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    match response.extensions().get::<Problem>().filter(|problem| problem.for_page).cloned() {
        None => response,
        Some(problem) => {
            let mut page = pages::refusal(&problem).into_response();
            *page.status_mut() = response.status();
            page
        }
    }
}

/// Without authentication, only the overall state; details require a session.
async fn ready(State(app): State<App>) -> (StatusCode, &'static str) {
    if app.manager.health().await.ready {
        (StatusCode::OK, "ready\n")
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "not ready; see the console\n")
    }
}

async fn metrics(State(app): State<App>) -> Response {
    match app.manager.metrics().await {
        Ok(text) => ([(CONTENT_TYPE, METRICS_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "could not render metrics");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
