//! Signing in: OAuth 2.0 client credentials with `private_key_jwt` and DPoP, or an API token.
//!
//! <https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/>

mod clock;
mod dpop;
mod service_app;

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(crate) use clock::ServerClock;
pub(crate) use dpop::NONCE_HEADER;
pub(crate) use service_app::ServiceApp;

use crate::error::{Error, Result};

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// A credential at work.
pub(crate) enum Authenticator {
    ServiceApp(Box<ServiceApp>),
    ApiToken(SecretString),
}

/// Which token a request was signed with, so that only that one is thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenSerial(pub(crate) u64);

impl Authenticator {
    /// The headers that prove who asks, made anew for this attempt.
    pub(crate) async fn sign(
        &self,
        http: &reqwest::Client,
        method: &Method,
        url: &Url,
    ) -> Result<(HeaderMap, TokenSerial)> {
        match self {
            Self::ApiToken(token) => {
                let headers =
                    [(AUTHORIZATION, secret_value("SSWS", token.expose_secret())?)].into_iter().collect();
                Ok((headers, TokenSerial(0)))
            }
            Self::ServiceApp(app) => app.sign(http, method, url).await,
        }
    }

    /// Throws a token away that was refused. `false` when there is nothing to renew.
    pub(crate) async fn renew(&self, refused: TokenSerial) -> bool {
        match self {
            Self::ApiToken(_) => false,
            Self::ServiceApp(app) => {
                app.forget(refused).await;
                true
            }
        }
    }

    /// The scopes that were granted; empty when there are none, or when it is not told.
    pub(crate) async fn granted(&self, http: &reqwest::Client) -> Result<Vec<String>> {
        match self {
            Self::ApiToken(_) => Ok(Vec::new()),
            Self::ServiceApp(app) => app.granted(http).await,
        }
    }

    /// The scopes that are asked for.
    pub(crate) fn asked(&self) -> &[String] {
        match self {
            Self::ApiToken(_) => &[],
            Self::ServiceApp(app) => app.asked(),
        }
    }

    /// Whether the token is known not to have a scope.
    pub(crate) async fn lacks(&self, scope: &str) -> bool {
        match self {
            Self::ApiToken(_) => false,
            Self::ServiceApp(app) => app.lacks(scope).await,
        }
    }

    /// Learns the nonce and the time from any answer of the org.
    pub(crate) fn learn(&self, headers: &HeaderMap) {
        if let Self::ServiceApp(app) = self {
            app.learn(headers);
        }
    }
}

fn secret_value(scheme: &str, secret: &str) -> Result<HeaderValue> {
    let mut value = HeaderValue::from_str(&format!("{scheme} {secret}")).map_err(|_| Error::Credentials {
        error: "invalid_token".into(),
        description: "the token holds characters that no header may hold".into(),
    })?;
    value.set_sensitive(true);
    Ok(value)
}
