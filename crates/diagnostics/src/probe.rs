//! Requests without credentials: the server at an address, or the reason for a missing response.

use std::time::Duration;

use connectors::remedy::of_network;
use okta_client::VERIFICATION_HEADER;
use outbound::{NotReached, Outbound};
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, RequestBuilder, Response, Url};
use serde_json::Value;
use sync_config::USER_AGENT;
use sync_engine::{Remedy, Service};
use uuid::Uuid;

use crate::observation::Observation;

/// The time limit of Okta for the response to a verification.
const PATIENCE: Duration = Duration::from_secs(3);
/// The time limit for any other server.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The maximum size of a response.
const LARGEST_ANSWER: usize = 64 << 10;

/// Host and port, as a message names them.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The trusted certificates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// The authorities that the system trusts.
    System,
    /// Any certificate: this machine is addressed by number, and receives no secret.
    Any,
}

/// A response, and the proxy that returned it.
pub(super) struct ProbeResponse {
    pub(super) response: Response,
    /// `None` without a proxy.
    pub(super) proxy: Option<String>,
}

/// The reason for a missing response.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Silence {
    /// The address or the proxy doesn't respond.
    NotReached(Box<NotReached>),
    /// No request was sent: the HTTP client can't be created, or the address is private.
    NotSent(String),
}

impl Silence {
    /// The reason in the words of the connection's error.
    pub(super) fn observation(&self) -> Observation {
        let error = match self {
            Self::NotReached(reason) => reason.to_string(),
            Self::NotSent(reason) => reason.clone(),
        };
        Observation::Error { error }
    }

    /// The remedies for the URL of a service, which the key below `connections.NAME` sets.
    pub(super) fn remedies(&self, service: Service, key: &str) -> Vec<Remedy> {
        let correct = Remedy::CorrectSetting { key: key.to_owned() };
        match self {
            Self::NotReached(reason) => match of_network(reason.remedy(), service) {
                // The URL is correct, or its remedy is more exact.
                remedy @ (Remedy::CheckProxy | Remedy::CorrectOrgUrl) => vec![remedy],
                remedy => vec![correct, remedy],
            },
            Self::NotSent(_) => vec![correct],
        }
    }
}

/// Sends a request to a service without following redirects.
pub(super) async fn request(url: &Url, allow_private_addresses: bool) -> Result<ProbeResponse, Silence> {
    let outbound = Outbound::new().allow_private_addresses(allow_private_addresses);
    outbound.check(url).map_err(|refused| Silence::NotSent(refused.to_string()))?;
    let client = client(outbound.apply(builder(TIMEOUT, Trust::System)))?;
    let response = send(&outbound, client.get(url.clone()), url).await?;
    if let Some(reason) = outbound.proxy_sign_in(url, response.status()) {
        return Err(Silence::NotReached(Box::new(reason)));
    }
    let proxy = outbound.proxy_for(url).map(|proxy| proxy.to_string());
    Ok(ProbeResponse { response, proxy })
}

/// Sends a request to a listener on this machine.
pub(super) async fn request_local(url: &Url) -> Result<Response, Silence> {
    send(&unrestricted(), client(builder(TIMEOUT, Trust::Any))?.get(url.clone()), url).await
}

/// The way to addresses of our own, wherever they are.
fn unrestricted() -> Outbound {
    Outbound::new().allow_private_addresses(true)
}

async fn send(outbound: &Outbound, request: RequestBuilder, url: &Url) -> Result<Response, Silence> {
    request.send().await.map_err(|error| Silence::NotReached(Box::new(outbound.not_reached(url, &error))))
}

fn builder(timeout: Duration, trust: Trust) -> ClientBuilder {
    Client::builder()
        .redirect(Policy::none())
        .timeout(timeout)
        .user_agent(USER_AGENT)
        .danger_accept_invalid_certs(trust == Trust::Any)
}

fn client(builder: ClientBuilder) -> Result<Client, Silence> {
    builder.build().map_err(|error| Silence::NotSent(sync_engine::error_chain(&error)))
}

/// Reads the response as JSON, if it is JSON of limited size.
pub(super) async fn json(mut response: Response) -> Option<Value> {
    let mut body = Vec::new();
    while let Some(part) = response.chunk().await.ok()? {
        body.extend_from_slice(&part);
        if body.len() > LARGEST_ANSWER {
            return None;
        }
    }
    serde_json::from_slice(&body).ok()
}

/// The response of a hook's URL to the challenge that Okta would send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenged {
    /// As the receiver of this product does.
    Answered,
    /// With this status, and not with the challenge.
    Otherwise(u16),
    /// Unreachable.
    Silent(Silence),
}

/// Sends a verification request like Okta's, without the secret.
pub(super) async fn challenge(url: &Url) -> Challenged {
    challenge_by(url, Trust::System).await
}

/// The same of the receiver on this machine.
pub(super) async fn challenge_here(url: &Url) -> Challenged {
    challenge_by(url, Trust::Any).await
}

async fn challenge_by(url: &Url, trust: Trust) -> Challenged {
    let challenge = Uuid::new_v4().to_string();
    let answer = async {
        let request = client(builder(PATIENCE, trust))?.get(url.clone());
        send(&unrestricted(), request.header(VERIFICATION_HEADER, &challenge), url).await
    };
    match answer.await {
        Ok(response) => {
            let status = response.status();
            let answered = status.is_success()
                && json(response).await.is_some_and(|body| body["verification"] == challenge.as_str());
            if answered { Challenged::Answered } else { Challenged::Otherwise(status.as_u16()) }
        }
        Err(silence) => Challenged::Silent(silence),
    }
}
