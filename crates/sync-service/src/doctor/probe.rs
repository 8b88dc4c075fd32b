//! Asking an address without any credential: who is there, and why nobody is.

use std::error::Error as StdError;
use std::io::ErrorKind;
use std::time::Duration;

use okta_client::VERIFICATION_HEADER;
use reqwest::redirect::Policy;
use reqwest::{Client, Response, Url};
use serde_json::Value;
use uuid::Uuid;

use crate::connection::USER_AGENT;

/// Okta waits so long for the answer to a verification.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long anybody else may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// More is not read of an answer.
const LARGEST_ANSWER: usize = 64 << 10;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Silence {
    /// No such name.
    NoName,
    /// Nobody listens.
    Refused,
    /// The certificate is not trusted, or is for another name.
    Certificate(String),
    /// What answers does not speak TLS.
    NoTls,
    /// It took too long.
    Late,
    /// Something else, in the system's words.
    Other(String),
}

impl Silence {
    fn of(error: &reqwest::Error) -> Self {
        let mut last = String::new();
        let mut cause: Option<&dyn StdError> = Some(error);
        while let Some(error) = cause {
            last = error.to_string();
            if last.contains("dns error") || last.contains("failed to lookup address") {
                return Self::NoName;
            }
            if last.contains("certificate") {
                return Self::Certificate(last);
            }
            if last.contains("InvalidContentType") {
                return Self::NoTls;
            }
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|e| e.kind() == ErrorKind::ConnectionRefused)
            {
                return Self::Refused;
            }
            cause = error.source();
        }
        if error.is_timeout() { Self::Late } else { Self::Other(last) }
    }

    /// What was seen.
    pub(super) fn tell(&self, host: &str) -> String {
        match self {
            Self::NoName => format!("the name {host} does not resolve"),
            Self::Refused => format!("{host} refuses the connection: nobody listens there"),
            Self::Certificate(why) => format!("the certificate of {host} is not trusted: {why}"),
            Self::NoTls => format!("{host} does not speak TLS"),
            Self::Late => format!("{host} does not answer in time"),
            Self::Other(why) => format!("{host} cannot be reached: {why}"),
        }
    }

    /// What to do about an address that the key of the configuration gives.
    pub(super) fn remedy(&self, key: &str) -> String {
        match self {
            Self::NoName => format!("check the spelling of {key}, and this machine's name server"),
            Self::Refused => format!("check the port in {key}, and that the service runs"),
            Self::Certificate(_) => {
                "check the host name and this machine's clock; where a proxy opens TLS on the way, add its \
                 certificate authority to this system's"
                    .to_owned()
            }
            Self::NoTls => format!("check scheme and port in {key}"),
            Self::Late | Self::Other(_) => {
                format!("check {key}, and that a firewall or proxy lets this machine reach it (HTTPS_PROXY)")
            }
        }
    }
}

/// Host and port, as a message names them.
pub(super) fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whose certificate is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// That of whoever the system trusts.
    System,
    /// Anybody's: this machine is asked by its number, and is told nothing that is secret.
    Anybody,
}

/// Asks without following redirects.
pub(super) async fn ask(url: &Url) -> Result<Response, Silence> {
    ask_by(url, Trust::System).await
}

/// The same of a listener on this machine.
pub(super) async fn ask_here(url: &Url) -> Result<Response, Silence> {
    ask_by(url, Trust::Anybody).await
}

async fn ask_by(url: &Url, trust: Trust) -> Result<Response, Silence> {
    let request = client(TIMEOUT, trust)?.get(url.clone());
    request.send().await.map_err(|error| Silence::of(&error))
}

fn client(timeout: Duration, trust: Trust) -> Result<Client, Silence> {
    let builder = Client::builder()
        .redirect(Policy::none())
        .timeout(timeout)
        .user_agent(USER_AGENT)
        .danger_accept_invalid_certs(trust == Trust::Anybody);
    builder.build().map_err(|error| Silence::Other(crate::explain(&error)))
}

/// Reads the answer as JSON, if it is that and not endless.
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

/// How a hook's address took the challenge that Okta would send.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Challenged {
    /// As our receiver does.
    Answered,
    /// With this status, and not with the challenge.
    Otherwise(u16),
    /// Not at all.
    Silent(Silence),
}

/// Asks as Okta does when it verifies a hook, without the secret.
pub(super) async fn challenge(url: &Url) -> Challenged {
    challenge_by(url, Trust::System).await
}

/// The same of the receiver on this machine.
pub(super) async fn challenge_here(url: &Url) -> Challenged {
    challenge_by(url, Trust::Anybody).await
}

async fn challenge_by(url: &Url, trust: Trust) -> Challenged {
    let client = match client(PATIENCE, trust) {
        Ok(client) => client,
        Err(silence) => return Challenged::Silent(silence),
    };
    let challenge = Uuid::new_v4().to_string();
    let request = client.get(url.clone()).header(VERIFICATION_HEADER, &challenge);
    match request.send().await {
        Ok(response) => {
            let status = response.status();
            let answered = status.is_success()
                && json(response).await.is_some_and(|body| body["verification"] == challenge.as_str());
            if answered { Challenged::Answered } else { Challenged::Otherwise(status.as_u16()) }
        }
        Err(error) => Challenged::Silent(Silence::of(&error)),
    }
}
