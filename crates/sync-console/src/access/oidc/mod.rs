//! Signing in with the Okta org: OpenID Connect, authorization code with PKCE.

mod error;
mod exchange;
mod flow;
mod id_token;
mod person;
mod provider;
mod settings;

use std::collections::HashMap;

use jiff::Timestamp;
use josekit::jwk::Jwk;
use outbound::Outbound;
use secrecy::SecretString;
use tokio::sync::Mutex;
use url::Url;

pub use error::OidcError;
pub use id_token::IdTokenError;
pub(super) use person::Person;
pub use settings::{CALLBACK, OidcSettings};

use super::crypto::same;
use flow::Flow;
use id_token::{Claims, Expected};
use provider::{Provider, Way};

/// The scopes for the person's name and groups.
const SCOPES: &str = "openid profile groups";

/// Sign-in with the org. The org's metadata is read when it is first needed.
pub struct Oidc {
    settings: OidcSettings,
    http: reqwest::Client,
    outbound: Outbound,
    provider: Mutex<Option<Provider>>,
}

impl Oidc {
    /// Checks the settings. Sends no request.
    ///
    /// # Errors
    /// When a setting cannot work.
    pub fn new(settings: OidcSettings) -> Result<Self, OidcError> {
        settings.check()?;
        let outbound = Outbound::new().allow_private_addresses(settings.allow_private_addresses);
        outbound.check(&settings.issuer)?;
        Ok(Self { http: provider::http(&outbound)?, settings, outbound, provider: Mutex::default() })
    }

    const fn way(&self) -> Way<'_> {
        Way { http: &self.http, outbound: &self.outbound }
    }

    /// The URL for the browser, and the cookie that binds it to the response.
    pub(super) async fn begin(
        &self,
        key: &[u8],
        next: &str,
        now: Timestamp,
    ) -> Result<(Url, SecretString), OidcError> {
        let flow = Flow::begin(next, now);
        let mut address = self.provider(now).await?.authorization_endpoint;
        address
            .query_pairs_mut()
            .append_pair("client_id", &self.settings.client_id)
            .append_pair("response_type", "code")
            .append_pair("scope", SCOPES)
            .append_pair("redirect_uri", &self.settings.redirect_uri())
            .append_pair("state", &flow.state(key))
            .append_pair("nonce", &flow.nonce(key))
            .append_pair("code_challenge", &flow.challenge(key))
            .append_pair("code_challenge_method", "S256");
        Ok((address, flow.cookie()))
    }

    /// The person who signed in, and the path to open.
    pub(super) async fn finish(
        &self,
        key: &[u8],
        cookie: &SecretString,
        query: &HashMap<String, String>,
        now: Timestamp,
    ) -> Result<(String, Person), OidcError> {
        let flow = Flow::of(cookie, now).ok_or(OidcError::Stale)?;
        let parameter = |name: &str| query.get(name).map(String::as_str).unwrap_or_default();
        if !same(&flow.state(key), parameter("state")) {
            return Err(OidcError::Stale);
        }
        if query.contains_key("error") {
            return Err(OidcError::denied(parameter("error"), parameter("error_description")));
        }
        let code = SecretString::from(parameter("code").to_owned());
        let provider = self.provider(now).await?;
        let tokens = self.redeem(&provider.token_endpoint, &code, &flow.verifier(key)).await?;
        let expected = Expected {
            issuer: self.settings.issuer(),
            client_id: &self.settings.client_id,
            nonce: &flow.nonce(key),
            now: now.as_second(),
        };
        let mut claims = self.verify(&tokens.id_token, &provider.keys, &expected, now).await?;
        // With an access token, the ID token may omit claims that `/userinfo` returns.
        if claims.groups.is_none()
            && let (Some(endpoint), Some(access)) = (&provider.userinfo_endpoint, &tokens.access_token)
        {
            self.complete(&mut claims, endpoint, access).await?;
        }
        Ok((flow.next, self.settings.admit(claims)?))
    }

    /// Verifies with the cached keys, and fetches new ones if they don't contain the key.
    async fn verify(
        &self,
        token: &SecretString,
        keys: &[Jwk],
        expected: &Expected<'_>,
        now: Timestamp,
    ) -> Result<Claims, OidcError> {
        match id_token::verify(token, keys, expected) {
            Err(IdTokenError::UnknownKey) => {
                *self.provider.lock().await = None;
                let keys = self.provider(now).await?.keys;
                Ok(id_token::verify(token, &keys, expected)?)
            }
            other => Ok(other?),
        }
    }

    /// The org's metadata, at most one hour old.
    async fn provider(&self, now: Timestamp) -> Result<Provider, OidcError> {
        let mut known = self.provider.lock().await;
        if let Some(provider) = known.as_ref().filter(|provider| provider.is_fresh(now)) {
            return Ok(provider.clone());
        }
        let read = Provider::read(&self.way(), self.settings.issuer(), now).await?;
        Ok(known.insert(read).clone())
    }
}
