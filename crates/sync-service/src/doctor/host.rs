//! Configuration, state store, who works on the connection, and the addresses of the daemon.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use secrecy::ExposeSecret;
use sync_model::ConnectionName;
use sync_store::{DatabaseState, Soundness, StoreLoss};
use tokio::net::{TcpListener, TcpStream};
use url::{ParseError, Url};

use super::check::{Check, CheckArea, Item, Repair};
use super::probe::{self, Challenged};
use crate::error::{after_loss, release};
use crate::lock::Lock;
use crate::{
    AlertConfig, Config, ConfigError, ConnectionConfig, ListenError, ManagedBy, ServiceError, exposed_files,
    words,
};

pub(super) const CONFIG: Item = Item::new("config", CheckArea::Host, "Configuration");
pub(super) const STORE: Item = Item::new("store", CheckArea::Host, "State store");
const DAEMON: Item = Item::new("daemon", CheckArea::Host, "Daemon");
pub(super) const LISTEN: Item = Item::new("listener.event_hook", CheckArea::Listeners, "Event hook receiver");
const METRICS: Item = Item::new("listener.metrics", CheckArea::Listeners, "Metrics and health");
const CONSOLE: Item = Item::new("listener.console", CheckArea::Listeners, "Console");
const ALERTS: Item = Item::new("alerts.webhook", CheckArea::Listeners, "Alert webhook");

/// The time limit of the check of the store's content.
const CONTENT: std::time::Duration = std::time::Duration::from_secs(10);

/// The time limit for a connection to an alert receiver.
const CONNECT: std::time::Duration = std::time::Duration::from_secs(5);

/// An address that the daemon listens on.
#[derive(Debug)]
pub(super) enum Address {
    Free,
    InUse,
    Impossible(String),
}

impl Address {
    pub(super) async fn of(address: SocketAddr) -> Self {
        match TcpListener::bind(address).await {
            Ok(_) => Self::Free,
            Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => Self::InUse,
            Err(error) => Self::Impossible(error.to_string()),
        }
    }
}

/// The state that all connections share.
pub(super) struct Machine<'c> {
    pub(super) config: &'c Config,
    pub(super) file: &'c Path,
    pub(super) condition: DatabaseState,
    soundness: Option<Soundness>,
    pub(super) listen: Address,
    pub(super) metrics: Option<Address>,
    console: Option<Address>,
}

/// The process that works on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    Somebody,
    Nobody,
    Unknown,
}

impl<'c> Machine<'c> {
    pub(super) async fn look(config: &'c Config, file: &'c Path) -> Self {
        let mut condition = DatabaseState::of(&config.store).await;
        let soundness = content(&config.store, &condition).await;
        if let Some(Soundness::Damaged { problem }) = &soundness {
            condition = DatabaseState::Damaged { problem: problem.clone() };
        }
        let listen = Address::of(config.listen).await;
        let look = async |address: Option<SocketAddr>| match address {
            Some(address) => Some(Address::of(address).await),
            None => None,
        };
        let metrics = look(config.metrics_listen).await;
        let console = look(config.console.as_ref().map(|console| console.listen)).await;
        Self { config, file, condition, soundness, listen, metrics, console }
    }

    /// The process that works on a connection. Acquires the lock briefly, and creates no file for a missing store.
    pub(super) fn work(&self, connection: &ConnectionName) -> Work {
        if self.condition == DatabaseState::Missing {
            return Work::Nobody;
        }
        match Lock::take(&self.config.store, connection) {
            Ok(_) => Work::Nobody,
            Err(ServiceError::AnotherLeader(_)) => Work::Somebody,
            Err(_) => Work::Unknown,
        }
    }

    pub(super) fn config(&self, connection: &ConnectionConfig, wrong: &[&ConfigError]) -> Check {
        let file = self.file.display();
        let exposed = exposed_files(self.file);
        match wrong {
            [] if !self.config.unsupported_variables.is_empty() => {
                let told = self.config.unsupported_variables.iter();
                let told: Vec<String> =
                    told.map(|it| format!("{} has no effect: {}", it.name, it.reason)).collect();
                CONFIG.warning(told.join("; "), "remove these variables from the environment")
            }
            [] if !exposed.is_empty() => {
                let told: Vec<String> = exposed.iter().map(ToString::to_string).collect();
                let remedies: Vec<String> =
                    exposed.iter().map(|file| words::remedy(&file.remedy())).collect();
                CONFIG.warning(told.join("; "), remedies.join("; "))
            }
            [] => CONFIG.ok(match connection.managed_by {
                ManagedBy::File => format!("{file}: connection {}", connection.name),
                ManagedBy::Console => format!("connection {}, saved in the console", connection.name),
            }),
            wrong => {
                let told: Vec<String> = wrong.iter().map(|error| crate::error_chain(*error)).collect();
                let remedy = match connection.managed_by {
                    ManagedBy::File => format!("correct it in {file}, or in the environment"),
                    ManagedBy::Console => "correct it in the console".to_owned(),
                };
                CONFIG.problem(told.join("; "), remedy)
            }
        }
    }

    pub(super) fn store(&self) -> Check {
        let path = self.config.store.display();
        match &self.condition {
            DatabaseState::Current { .. } => self.sound_store(),
            DatabaseState::Missing => STORE
                .warning(format!("{path} is not there yet"), "run `okta-insight setup`, which creates it")
                .repaired_by(Repair::Store),
            DatabaseState::Outdated { lacking } => STORE
                .problem(
                    format!("{path} comes from an earlier version: {lacking} migrations are to be applied"),
                    "run `okta-insight doctor --fix`; starting the daemon does the same",
                )
                .repaired_by(Repair::Store),
            DatabaseState::Foreign => STORE.problem(
                format!("{path} was written by a newer version, or by another program"),
                "run the version that wrote it, or set store.path to another file and run `okta-insight sync`",
            ),
            DatabaseState::Locked { holder, .. } => STORE.problem(
                match holder {
                    Some(holder) => format!("{holder} keeps {path} locked"),
                    None => format!("another process keeps {path} locked"),
                },
                words::remedy(&release(holder.as_ref())),
            ),
            DatabaseState::Damaged { problem } => {
                let loss =
                    StoreLoss::Damaged { path: self.config.store.clone(), problem: problem.clone() };
                STORE.problem(loss.to_string(), words::remedy(&after_loss(&loss)))
            }
            DatabaseState::Unusable(why) => STORE.problem(
                format!("{path} cannot be used: {why}"),
                "check store.path, and that this user may write the file and its folder",
            ),
            other => STORE.unknown(format!("{path}: {other:?}"), "look at it with this version's daemon"),
        }
    }

    /// A store that can be written and is up to date, and what is known of its content.
    fn sound_store(&self) -> Check {
        let usable = format!("{}: can be written, up to date", self.config.store.display());
        match &self.soundness {
            Some(Soundness::Sound) => STORE.ok(format!("{usable}, not damaged")),
            Some(Soundness::Unread(why)) => STORE.unknown(
                format!("{usable}; its content could not be checked for damage: {why}"),
                "check that this user may read the file, then look again",
            ),
            _ => STORE.unknown(
                format!("{usable}; the check of its content for damage did not finish within {} s", CONTENT.as_secs()),
                "look again when the machine has less to do; the daemon checks the whole content when it starts, and its \
                 log reports damage",
            ),
        }
    }

    pub(super) fn daemon(work: Work) -> Check {
        match work {
            Work::Somebody => DAEMON.ok("a process works on this connection"),
            Work::Nobody => DAEMON.warning(
                "no process works on this connection: events are not applied",
                "start `okta-insightd --config FILE`, or run `okta-insight sync` by a timer",
            ),
            Work::Unknown => DAEMON.unknown(
                "the lock beside the state store cannot be read",
                "check that this user may write the folder of store.path",
            ),
        }
    }

    pub(super) async fn addresses(&self, connection: &ConnectionConfig, work: Work) -> Vec<Check> {
        let alerts = connection.alerts.as_ref();
        let (hook, metrics, console, alerts) = tokio::join!(
            LISTEN.within(self.hook_address(connection, work)),
            METRICS.within(self.metrics_address()),
            CONSOLE.within(self.console_address()),
            ALERTS.within(alerts_address(connection, alerts)),
        );
        vec![hook, metrics, console, alerts]
    }

    async fn hook_address(&self, connection: &ConnectionConfig, work: Work) -> Check {
        let ours = if connection.event_hook.is_some() {
            self.answers(connection).await
        } else {
            work == Work::Somebody
        };
        self.judge(LISTEN, self.config.listen, &self.listen, ours, "server.listen")
    }

    /// True if a daemon answers for the connection's hook at its listener.
    pub(super) async fn answers(&self, connection: &ConnectionConfig) -> bool {
        let url = self.here(self.config.listen, &format!("/hooks/okta/{}", connection.name));
        match (&self.listen, url) {
            (Address::InUse, Ok(url)) => probe::challenge_here(&url).await == Challenged::Answered,
            _ => false,
        }
    }

    async fn metrics_address(&self) -> Check {
        let (Some(address), Some(found)) = (self.config.metrics_listen, &self.metrics) else {
            return METRICS.without("switched off with server.metrics_listen");
        };
        let ours = match (found, self.here(address, "/readyz")) {
            (Address::InUse, Ok(url)) => match probe::ask_here(&url).await {
                Ok(response) => probe::json(response).await.is_some_and(|body| body["ready"].is_boolean()),
                Err(_) => false,
            },
            _ => false,
        };
        self.judge(METRICS, address, found, ours, "server.metrics_listen")
    }

    async fn console_address(&self) -> Check {
        let (Some(settings), Some(found)) = (&self.config.console, &self.console) else {
            return CONSOLE.without("switched off with console.listen");
        };
        let ours = match (found, self.here(settings.listen, "/healthz")) {
            (Address::InUse, Ok(url)) => match probe::ask_here(&url).await {
                Ok(response) => response.headers().contains_key("content-security-policy"),
                Err(_) => false,
            },
            _ => false,
        };
        self.judge(CONSOLE, settings.listen, found, ours, "console.listen")
    }

    /// The daemon's response at an address, requested from this machine.
    fn here(&self, address: SocketAddr, path: &str) -> Result<Url, ParseError> {
        let has_tls = self.config.tls.is_some() && !address.ip().is_loopback();
        let scheme = if has_tls { "https" } else { "http" };
        Url::parse(&format!("{scheme}://{}{path}", near(address)))
    }

    fn judge(
        &self,
        item: Item,
        address: SocketAddr,
        found: &Address,
        ours: bool,
        key: &'static str,
    ) -> Check {
        let protected = self.config.tls.is_some() || self.config.behind_proxy;
        if !address.ip().is_loopback() && !protected {
            let exposed = ListenError::TlsRequired { address, setting: key };
            return item.problem(exposed.to_string(), words::remedy(&exposed.remedy()));
        }
        judge(item, address, found, ours, key)
    }
}

/// The soundness of a store that can be read.
async fn content(store: &Path, condition: &DatabaseState) -> Option<Soundness> {
    match condition {
        DatabaseState::Current { .. }
        | DatabaseState::Outdated { .. }
        | DatabaseState::Locked { is_readable: true, .. } => Some(Soundness::of(store, CONTENT).await),
        _ => None,
    }
}

fn judge(item: Item, address: SocketAddr, found: &Address, ours: bool, key: &str) -> Check {
    match found {
        Address::Free => item.ok(format!("{address} is free")),
        Address::InUse if ours => item.ok(format!("{address} is the daemon's")),
        Address::InUse => item.problem(
            format!("another program listens on {address}"),
            format!("end it, or choose another address with {key}"),
        ),
        Address::Impossible(why) => item.problem(
            format!("{address} cannot be listened on: {why}"),
            format!("choose an address of this machine, and a port that this user may use, with {key}"),
        ),
    }
}

/// The address at which a listener on all addresses is reachable from this machine.
fn near(address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), address.port())
    } else {
        address
    }
}

/// Sends nothing, and names no address: that is a secret.
async fn alerts_address(connection: &ConnectionConfig, alerts: Option<&AlertConfig>) -> Check {
    let key = format!("connections.{}.alerts.webhook_url", connection.name);
    let Some(alerts) = alerts else {
        return ALERTS.without(format!("{key} is not set; alerts are in the log alone"));
    };
    let target = Url::parse(alerts.webhook_url.expose_secret().trim()).ok();
    let target = target.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let Some((host, port)) = target else {
        return ALERTS.problem(format!("{key} has no host"), format!("correct {key}"));
    };
    let host = host.trim_matches(['[', ']']);
    match tokio::time::timeout(CONNECT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => ALERTS.ok(format!("the host of {key} takes connections; nothing was sent")),
        Ok(Err(error)) => ALERTS.problem(
            format!("the host of {key} cannot be reached: {}", error.kind()),
            format!("check {key}, and that this machine may reach it"),
        ),
        Err(_) => ALERTS.problem(
            format!("the host of {key} does not answer within {} s", CONNECT.as_secs()),
            format!("check {key}, and that this machine may reach it"),
        ),
    }
}
