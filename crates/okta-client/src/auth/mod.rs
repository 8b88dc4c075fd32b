//! Signing in: OAuth 2.0 client credentials with `private_key_jwt` and DPoP, or an API token.
//!
//! <https://developer.okta.com/docs/guides/implement-oauth-for-okta-serviceapp/main/>

mod clock;
mod dpop;
mod service_app;

use std::fmt;

use http::header::{AUTHORIZATION, HeaderName};
use http::{HeaderMap, HeaderValue, Method};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub(crate) use clock::ServerClock;
pub(crate) use dpop::NONCE_HEADER;
pub(crate) use service_app::ServiceApp;

use crate::error::{Error, Result};
use crate::key::PrivateKey;

const DPOP: HeaderName = HeaderName::from_static("dpop");

/// How a program signs in.
#[non_exhaustive]
pub enum Credential {
    /// An *API Services* app with a public key.
    ServiceApp {
        /// The app's client ID.
        client_id: String,
        /// The private half of a key that is registered with the app.
        key: PrivateKey,
        /// What to ask for.
        scopes: Vec<String>,
    },
    /// A token of a person (SSWS). It can do what that person can.
    ApiToken(SecretString),
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ServiceApp { client_id, key, scopes } => f
                .debug_struct("ServiceApp")
                .field("client_id", client_id)
                .field("key", key)
                .field("scopes", scopes)
                .finish(),
            Self::ApiToken(_) => f.write_str("ApiToken"),
        }
    }
}

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
