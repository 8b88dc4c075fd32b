//! The admin API of a daemon, as commands use it.

use std::io;
use std::time::Duration;

use outbound::Outbound;
use reqwest::Response;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sync_config::USER_AGENT;
use sync_engine::{EventFilter, ProgressSink, RunFilter, RunReport, RunSummary};
use sync_model::{ConnectionName, EventId, RunId};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::active_runs::ActiveRuns;
use crate::delegation::{DelegationError, report_of};
use crate::history::{ConnectionEvent, ConnectionRun, ReplayResult};
use crate::problem_type::ProblemType;
use crate::remote::address::DaemonAddress;
use crate::remote::error::RemoteError;
use crate::remote::limits::{LARGEST, RESTARTED_WITHIN, wait};
use crate::run_progress::{Seen, Watched};
use crate::wire::{
    ConnectionView, Connections, Events, PauseOptions, PauseStatus, Problem, Replay, Runs, SyncOptions,
    SyncRequestStatus,
};

/// The time limit of one request.
const REQUEST: Duration = Duration::from_mins(1);
/// The time limit for connecting to the daemon.
const CONNECT: Duration = Duration::from_secs(10);

/// A client of a daemon: of a remote one over HTTPS, or of one on this host over the socket beside its store.
#[derive(Debug, Clone)]
pub struct RemoteClient {
    pub(super) http: reqwest::Client,
    pub(super) address: DaemonAddress,
    /// The URL below which its operations are.
    pub(super) base: Url,
    pub(super) outbound: Outbound,
    pub(super) token: Option<SecretString>,
}

/// A client that follows no redirect and whose requests have a limit.
pub(super) fn http_client() -> reqwest::ClientBuilder {
    reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(reqwest::redirect::Policy::none())
        .connect_timeout(CONNECT)
        .timeout(REQUEST)
}

impl RemoteClient {
    /// A client for the daemon whose console has this URL. Sends no request.
    ///
    /// # Errors
    /// When the address is none that a token may be sent to.
    pub fn new(server: Url, token: Option<SecretString>) -> Result<Self, RemoteError> {
        let safe =
            server.scheme() == "https" || (server.scheme() == "http" && sync_config::is_loopback(&server));
        let bare = server.path() == "/" && server.query().is_none() && server.fragment().is_none();
        if !safe || !bare || !server.username().is_empty() || server.password().is_some() {
            // The userinfo of the URL may be a secret.
            let mut shown = server;
            shown.set_query(None);
            shown.set_fragment(None);
            let _ = shown.set_username("");
            let _ = shown.set_password(None);
            return Err(RemoteError::Address(shown));
        }
        let http = http_client().build().map_err(RemoteError::Http)?;
        // The operator names the daemon, which may be in a private network.
        let outbound = Outbound::new().allow_private_addresses(true);
        Ok(Self { http, address: DaemonAddress::Server(server.clone()), base: server, outbound, token })
    }

    /// The address of the daemon.
    pub const fn address(&self) -> &DaemonAddress {
        &self.address
    }

    /// Every connection, with its status.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn connections(&self) -> Result<Vec<ConnectionView>, RemoteError> {
        let all: Connections = self.get(&["connections"], &()).await?;
        Ok(all.connections)
    }

    /// One connection, with its status.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn connection(&self, name: &ConnectionName) -> Result<ConnectionView, RemoteError> {
        self.get(&["connections", name.as_str()], &()).await
    }

    /// Runs, the newest first.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn runs(
        &self,
        name: &ConnectionName,
        filter: &RunFilter,
    ) -> Result<Vec<RunSummary>, RemoteError> {
        let mut query = vec![("limit", filter.limit.to_string()), ("failed", filter.failed.to_string())];
        query.extend(filter.kind.map(|kind| ("kind", kind.as_str().to_owned())));
        query.extend(filter.state.map(|state| ("state", state.as_str().to_owned())));
        let runs: Runs = self.get(&["connections", name.as_str(), "runs"], &query).await?;
        Ok(runs.runs)
    }

    /// The run with that number; `None` if the connection has none.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn run(&self, name: &ConnectionName, run: RunId) -> Result<Option<ConnectionRun>, RemoteError> {
        let found = self.get(&["connections", name.as_str(), "runs", &run.to_string()], &()).await;
        match found {
            Err(error) if error.is(ProblemType::NotFound) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Events, the newest first.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn events(&self, name: &ConnectionName, filter: &EventFilter) -> Result<Events, RemoteError> {
        let mut query = vec![("limit", filter.limit.to_string())];
        query.extend(filter.state.map(|state| ("state", state.as_str().to_owned())));
        query.extend(filter.search.clone().map(|search| ("search", search)));
        self.get(&["connections", name.as_str(), "events"], &query).await
    }

    /// The event with that ID; `None` if the connection has none.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn event(
        &self,
        name: &ConnectionName,
        event: &EventId,
    ) -> Result<Option<ConnectionEvent>, RemoteError> {
        let found = self.get(&["connections", name.as_str(), "events", event.as_str()], &()).await;
        match found {
            Err(error) if error.is(ProblemType::NotFound) => Ok(None),
            found => found.map(Some),
        }
    }

    /// Replays events, or all failed ones if no IDs are given.
    ///
    /// # Errors
    /// When one is unknown, or the daemon can't be reached.
    pub async fn replay(
        &self,
        name: &ConnectionName,
        ids: Option<Vec<EventId>>,
    ) -> Result<ReplayResult, RemoteError> {
        match ids {
            Some(ids) => {
                self.post(&["connections", name.as_str(), "events", "replay"], Some(&Replay { ids })).await
            }
            None => self.post_empty(&["connections", name.as_str(), "events", "replay-failed"]).await,
        }
    }

    /// Active and recent runs of the daemon.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn active_runs(&self, name: &ConnectionName) -> Result<ActiveRuns, RemoteError> {
        self.get(&["connections", name.as_str(), "active-runs"], &()).await
    }

    /// Requests a full sync and watches until the run ends. A request that isn't accepted in time is canceled. A daemon
    /// that ends is awaited for two minutes: the next one continues the run. If interrupted, it stops watching; the run
    /// continues.
    ///
    /// # Errors
    /// When the connection is paused, the request isn't accepted in time, the run fails, or the daemon can't
    /// be reached.
    pub async fn request_sync(
        &self,
        name: &ConnectionName,
        request: SyncOptions,
        patience: Duration,
        progress: &dyn ProgressSink,
        stop: &CancellationToken,
    ) -> Result<RunReport, RemoteError> {
        let path = ["connections", name.as_str(), "sync-requests"];
        let accepted: SyncRequestStatus = self.post(&path, Some(&request)).await?;
        let request = accepted.id.to_string();
        let path = ["connections", name.as_str(), "sync-requests", request.as_str()];
        let started_at = Instant::now();
        let (mut watched, mut absent_since) = (Watched::default(), None);
        loop {
            let now: SyncRequestStatus = match self.get(&path, &()).await {
                Ok(now) => now,
                Err(error) if !error.may_pass() => return Err(error),
                Err(error) => {
                    let since = *absent_since.get_or_insert_with(Instant::now);
                    if since.elapsed() >= RESTARTED_WITHIN {
                        return Err(error);
                    }
                    wait(stop, started_at).await?;
                    continue;
                }
            };
            absent_since = None;
            if let Some(run) = &now.run {
                self.watch(name, run.id, &mut watched, progress).await;
            }
            match now.run {
                Some(RunSummary { ended_at: Some(_), report, .. }) => {
                    watched.end(progress);
                    return Ok(report_of(report)?);
                }
                None if started_at.elapsed() >= patience => match self.delete(&path).await {
                    Ok(()) => {
                        let connection = name.to_string();
                        return Err(DelegationError::NotAccepted { connection, patience }.into());
                    }
                    // Accepted in the meantime, or the daemon ended: the next response tells.
                    Err(error) if error.is(ProblemType::AlreadyRunning) || error.may_pass() => {}
                    Err(error) => return Err(error),
                },
                Some(_) | None => {}
            }
            wait(stop, started_at).await?;
        }
    }

    /// Reports the progress of a run. If the daemon doesn't report it, the run continues nevertheless.
    async fn watch(
        &self,
        name: &ConnectionName,
        run: RunId,
        watched: &mut Watched,
        progress: &dyn ProgressSink,
    ) {
        let Ok(runs) = self.active_runs(name).await else { return };
        if let Some(known) = runs.active.iter().chain(&runs.recent).find(|known| known.run == Some(run)) {
            let seen: Vec<Seen> = known.phases.iter().map(Seen::from).collect();
            watched.report(&seen, progress);
        }
    }

    /// Pauses sends for a time, or until they are resumed.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn pause(
        &self,
        name: &ConnectionName,
        time: Option<Duration>,
    ) -> Result<PauseStatus, RemoteError> {
        let seconds = time.map(|time| u32::try_from(time.as_secs().max(1)).unwrap_or(u32::MAX));
        self.post(&["connections", name.as_str(), "pause"], Some(&PauseOptions { seconds })).await
    }

    /// Ends a pause.
    ///
    /// # Errors
    /// When the daemon can't be reached, or rejects the request.
    pub async fn resume(&self, name: &ConnectionName) -> Result<PauseStatus, RemoteError> {
        self.post_empty(&["connections", name.as_str(), "resume"]).await
    }

    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &(impl Serialize + ?Sized),
    ) -> Result<T, RemoteError> {
        let answer = self.send(self.http.get(self.at(path)?).query(query)).await?;
        self.read(&answer)
    }

    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &[&str],
        body: Option<&(impl Serialize + ?Sized)>,
    ) -> Result<T, RemoteError> {
        let mut request = self.http.post(self.at(path)?);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = self.send(request).await?;
        self.read(&answer)
    }

    pub(super) async fn post_empty<T: DeserializeOwned>(&self, path: &[&str]) -> Result<T, RemoteError> {
        self.post(path, None::<&()>).await
    }

    pub(super) async fn delete(&self, path: &[&str]) -> Result<(), RemoteError> {
        self.send(self.http.delete(self.at(path)?)).await.map(drop)
    }

    pub(super) fn at(&self, path: &[&str]) -> Result<Url, RemoteError> {
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut segments) => segments.clear().extend(["api", "v1"]).extend(path),
            Err(()) => return Err(RemoteError::Address(self.base.clone())),
        };
        Ok(url)
    }

    /// Sends, and returns the complete response unless it is a rejection.
    pub(super) async fn send(&self, request: reqwest::RequestBuilder) -> Result<Vec<u8>, RemoteError> {
        let response = self.answer(request).await?;
        self.body(response).await
    }

    /// Sends, and returns the response once its headers arrive, unless it is a rejection.
    pub(super) async fn answer(&self, request: reqwest::RequestBuilder) -> Result<Response, RemoteError> {
        let request = match &self.token {
            Some(token) => request.bearer_auth(token.expose_secret()),
            None => request,
        };
        let response = request.send().await.map_err(|error| self.unreachable(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let body = self.body(response).await?;
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) => Err(RemoteError::Refused(Box::new(problem))),
            Err(_) => Err(self.not_ours(format!("status {status}"))),
        }
    }

    pub(super) async fn body(&self, mut response: Response) -> Result<Vec<u8>, RemoteError> {
        let mut body = Vec::new();
        while let Some(part) = response.chunk().await.map_err(|error| self.unreachable(error))? {
            body.extend_from_slice(&part);
            if body.len() > LARGEST {
                return Err(self.not_ours(format!("more than {LARGEST} bytes")));
            }
        }
        Ok(body)
    }

    pub(super) fn read<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, RemoteError> {
        serde_json::from_slice(body).map_err(|error| self.not_ours(error.to_string()))
    }

    pub(super) fn unreachable(&self, error: reqwest::Error) -> RemoteError {
        match &self.address {
            DaemonAddress::Server(server) => {
                let source = Box::new(self.outbound.not_reached(server, &error));
                RemoteError::Unreachable { server: server.clone(), source }
            }
            DaemonAddress::Socket(socket) => {
                RemoteError::Socket { socket: socket.clone(), source: io::Error::other(error.without_url()) }
            }
        }
    }

    pub(super) fn not_ours(&self, problem: String) -> RemoteError {
        RemoteError::NotADaemon { server: self.address.clone(), problem }
    }
}
