//! Signing in: OAuth 2.0 client credentials with `private_key_jwt` and DPoP, or an API token.
//!
//! <https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/>

mod app_key;
mod clock;
mod dpop;
mod service_app;
mod signature;

use http::header::AUTHORIZATION;
use http::{HeaderMap, Method};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

pub(crate) use clock::{Corrections, ServerClock};
pub(crate) use dpop::NONCE_HEADER;
pub(crate) use service_app::ServiceApp;
use signature::secret_value;
pub(crate) use signature::{Signature, TokenSerial};

use crate::client::Transport;
use crate::error::Result;

/// A credential at work.
pub(crate) enum Authenticator {
    ServiceApp(Box<ServiceApp>),
    ApiToken(SecretString),
}

impl Authenticator {
    /// Ensures that there is a token, so that no request waits for one while it occupies a slot.
    pub(crate) async fn ready(&self, transport: &Transport, deadline: Instant) -> Result<()> {
        match self {
            Self::ApiToken(_) => Ok(()),
            Self::ServiceApp(app) => app.token(transport, deadline).await.map(drop),
        }
    }

    /// The headers that authenticate a request, created anew for this attempt.
    pub(crate) async fn sign(
        &self,
        transport: &Transport,
        method: &Method,
        url: &Url,
        deadline: Instant,
    ) -> Result<Signature> {
        match self {
            Self::ApiToken(token) => {
                let headers =
                    [(AUTHORIZATION, secret_value("SSWS", token.expose_secret())?)].into_iter().collect();
                Ok(Signature { headers, serial: TokenSerial(0), offset: 0 })
            }
            Self::ServiceApp(app) => app.sign(transport, method, url, deadline).await,
        }
    }

    /// Discards a rejected token. `false` if there is nothing to renew.
    pub(crate) fn renew(&self, refused: TokenSerial) -> bool {
        match self {
            Self::ApiToken(_) => false,
            Self::ServiceApp(app) => {
                app.discard(refused);
                true
            }
        }
    }

    /// The granted scopes; empty if there are none, or if the response names none.
    pub(crate) async fn granted(&self, transport: &Transport, deadline: Instant) -> Result<Vec<String>> {
        match self {
            Self::ApiToken(_) => Ok(Vec::new()),
            Self::ServiceApp(app) => Ok(app.token(transport, deadline).await?.scopes.clone()),
        }
    }

    /// True if the token is bound to a key; an API token never is.
    pub(crate) async fn bound(&self, transport: &Transport, deadline: Instant) -> Result<bool> {
        match self {
            Self::ApiToken(_) => Ok(false),
            Self::ServiceApp(app) => Ok(app.token(transport, deadline).await?.bound),
        }
    }

    /// The requested scopes.
    pub(crate) fn requested_scopes(&self) -> &[String] {
        match self {
            Self::ApiToken(_) => &[],
            Self::ServiceApp(app) => app.requested_scopes(),
        }
    }

    /// True if the token is known to lack a scope.
    pub(crate) fn lacks(&self, scope: &str) -> bool {
        match self {
            Self::ApiToken(_) => false,
            Self::ServiceApp(app) => app.lacks(scope),
        }
    }

    /// Stores the nonce of an API response.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        if let Self::ServiceApp(app) = self {
            app.learn(headers);
        }
    }

    /// Corrects the clock after a proof with this offset was rejected. `true` if another attempt may succeed.
    pub(crate) fn correct(&self, refusal: &HeaderMap, offset: i64, tried: &mut Corrections) -> bool {
        match self {
            Self::ApiToken(_) => false,
            Self::ServiceApp(app) => app.correct(refusal, offset, tried),
        }
    }
}
