//! The org's metadata: its endpoints and signing keys.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use josekit::jwk::Jwk;
use outbound::Outbound;
use reqwest::{RequestBuilder, Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use url::Url;

use super::OidcError;
use super::error::shown;
use super::settings::is_private;

const CONNECT: Duration = Duration::from_secs(5);
const TOTAL: Duration = Duration::from_secs(15);
/// The maximum size of a response.
const ANSWER_LIMIT: usize = 256 * 1024;
/// More keys than any org has.
const KEY_LIMIT: usize = 32;
const FRESH: SignedDuration = SignedDuration::from_hours(1);
const USER_AGENT: &str = concat!("okta-insight-sync/", env!("CARGO_PKG_VERSION"));

/// The endpoints and the keys.
#[derive(Clone)]
pub(super) struct Provider {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) keys: Vec<Jwk>,
    read: Timestamp,
}

#[derive(Deserialize)]
struct Discovery {
    issuer: String,
    authorization_endpoint: Url,
    token_endpoint: Url,
    userinfo_endpoint: Option<Url>,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Map<String, Value>>,
}

/// A client that follows no redirect: a secret goes where it was sent and nowhere else.
pub(super) fn http(outbound: &Outbound) -> Result<reqwest::Client, OidcError> {
    let client = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(TOTAL);
    outbound.apply(client).build().map_err(OidcError::Http)
}

impl Provider {
    pub(super) async fn read(org: &Way<'_>, issuer: &str, now: Timestamp) -> Result<Self, OidcError> {
        const WHAT: &str = "its OpenID configuration";
        let wrong = |problem: String| OidcError::Answer { what: WHAT, problem };
        let address = format!("{issuer}/.well-known/openid-configuration");
        let address = Url::parse(&address).map_err(|error| wrong(error.to_string()))?;
        let found: Discovery = get(org, &address, WHAT).await?;
        if found.issuer != issuer {
            return Err(wrong(format!("the issuer must be \"{issuer}\"; got \"{}\"", shown(&found.issuer))));
        }
        let home = Url::parse(issuer).map_err(|error| wrong(error.to_string()))?.origin();
        let endpoints = [&found.authorization_endpoint, &found.token_endpoint, &found.jwks_uri];
        for endpoint in endpoints.into_iter().chain(&found.userinfo_endpoint) {
            // A secret or a browser is sent to this URL: both must stay at the org.
            if endpoint.origin() != home || !is_private(endpoint) {
                return Err(wrong(format!("{} is not an address of the org", shown(endpoint.as_str()))));
            }
        }
        Ok(Self {
            keys: keys(org, &found.jwks_uri).await?,
            authorization_endpoint: found.authorization_endpoint,
            token_endpoint: found.token_endpoint,
            userinfo_endpoint: found.userinfo_endpoint,
            read: now,
        })
    }

    pub(super) fn is_fresh(&self, now: Timestamp) -> bool {
        let age = now.duration_since(self.read);
        !age.is_negative() && age < FRESH
    }
}

async fn keys(org: &Way<'_>, address: &Url) -> Result<Vec<Jwk>, OidcError> {
    let set: KeySet = get(org, address, "its signing keys").await?;
    // Keys of unknown types serve other purposes.
    Ok(set.keys.into_iter().take(KEY_LIMIT).filter_map(|key| Jwk::from_map(key).ok()).collect())
}

async fn get<T: DeserializeOwned>(org: &Way<'_>, address: &Url, what: &'static str) -> Result<T, OidcError> {
    let answer = org.send(org.http.get(address.clone()), address, what).await?;
    if answer.status() != StatusCode::OK {
        return Err(OidcError::Answer { what, problem: format!("HTTP {}", answer.status().as_u16()) });
    }
    org.read_json(answer, address, what).await
}

/// The client for the org, and its network settings.
pub(super) struct Way<'a> {
    pub(super) http: &'a reqwest::Client,
    pub(super) outbound: &'a Outbound,
}

impl Way<'_> {
    pub(super) async fn send(
        &self,
        request: RequestBuilder,
        address: &Url,
        what: &'static str,
    ) -> Result<Response, OidcError> {
        request.send().await.map_err(|error| self.unreachable(address, what, &error))
    }

    /// Reads a response of limited size. Errors don't contain its content.
    pub(super) async fn read_json<T: DeserializeOwned>(
        &self,
        mut answer: Response,
        address: &Url,
        what: &'static str,
    ) -> Result<T, OidcError> {
        let wrong = |problem: &str| OidcError::Answer { what, problem: problem.to_owned() };
        let mut body = Vec::new();
        while let Some(part) =
            answer.chunk().await.map_err(|error| self.unreachable(address, what, &error))?
        {
            if body.len() + part.len() > ANSWER_LIMIT {
                return Err(wrong("it is too large"));
            }
            body.extend_from_slice(&part);
        }
        serde_json::from_slice(&body).map_err(|_| wrong("it is not the expected JSON"))
    }

    fn unreachable(&self, address: &Url, what: &'static str, error: &reqwest::Error) -> OidcError {
        OidcError::Unreachable { what, source: Box::new(self.outbound.not_reached(address, error)) }
    }
}
