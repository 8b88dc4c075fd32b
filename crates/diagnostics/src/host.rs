//! Configuration, state store, leader of the connection, and the daemon's listeners.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use secrecy::ExposeSecret;
use sync_config::{
    AlertConfig, Config, ConfigError, ConnectionConfig, ExposedFile, ManagedBy, TlsRequired, exposed_files,
};
use sync_engine::{Fact, Finding, Remedy};
use sync_model::ConnectionName;
use sync_store::{DatabaseState, LeaderLock, LockError, Soundness, StoreLoss};
use tokio::net::{TcpListener, TcpStream};
use url::{ParseError, Url};

use crate::area::CheckArea;
use crate::check::{Check, Item, Repair};
use crate::observation::Observation;
use crate::probe::{self, Challenged};
use crate::store_failure::{after_loss, release};

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

/// True, false, or unknown: a process works on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leader {
    Present,
    Absent,
    Unknown,
}

impl<'c> Machine<'c> {
    pub(super) async fn read(config: &'c Config, file: &'c Path) -> Self {
        let mut condition = DatabaseState::of(&config.store).await;
        let soundness = content(&config.store, &condition).await;
        if let Some(Soundness::Damaged { problem }) = &soundness {
            condition = DatabaseState::Damaged { problem: problem.clone() };
        }
        let listen = Address::of(config.listen).await;
        let state_of = async |address: Option<SocketAddr>| match address {
            Some(address) => Some(Address::of(address).await),
            None => None,
        };
        let metrics = state_of(config.metrics_listen).await;
        let console = state_of(config.console.as_ref().map(|console| console.listen)).await;
        Self { config, file, condition, soundness, listen, metrics, console }
    }

    /// The process that works on a connection. Acquires the lock briefly, and creates no file for a missing store.
    pub(super) fn work(&self, connection: &ConnectionName) -> Leader {
        if self.condition == DatabaseState::Missing {
            return Leader::Absent;
        }
        match LeaderLock::acquire(&self.config.store, connection) {
            Ok(_) => Leader::Absent,
            Err(LockError::AnotherLeader(_)) => Leader::Present,
            Err(_) => Leader::Unknown,
        }
    }

    pub(super) fn config(&self, connection: &ConnectionConfig, wrong: &[&ConfigError]) -> Check {
        let file = self.file.display().to_string();
        let exposed = exposed_files(self.file);
        let ignored = &self.config.unsupported_variables;
        match wrong {
            [] if !ignored.is_empty() => {
                let seen = ignored.iter().map(|variable| Observation::VariableIgnored {
                    name: variable.name.clone(),
                    reason: Cow::Borrowed(variable.reason),
                });
                CONFIG.warning(seen, [Remedy::RemoveVariables])
            }
            [] if !exposed.is_empty() => {
                let seen = exposed.iter().map(|exposed| Observation::FileExposed {
                    file: exposed.file.display().to_string(),
                    mode: exposed.mode.clone(),
                });
                CONFIG.warning(seen, exposed.iter().map(ExposedFile::remedy))
            }
            [] => CONFIG.ok(match connection.managed_by {
                ManagedBy::File => Observation::ManagedByFile { file },
                ManagedBy::Console => Observation::ManagedByConsole,
            }),
            wrong => {
                let seen = wrong.iter().map(|error| Observation::error(*error));
                match connection.managed_by {
                    ManagedBy::File => CONFIG.problem(seen, [Remedy::CorrectConfiguration { file }]),
                    ManagedBy::Console => {
                        let correct = |key: &str| Remedy::CorrectSetting { key: key.to_owned() };
                        let prefix = format!("connections.{}.", connection.name);
                        let keys = wrong.iter().map(|error| error.key()?.strip_prefix(&prefix));
                        CONFIG.problem(seen, keys.map(|key| key.map_or(Remedy::CorrectSettings, correct)))
                    }
                }
            }
        }
    }

    pub(super) fn store(&self) -> Check {
        let path = self.config.store.display().to_string();
        match &self.condition {
            DatabaseState::Current { .. } => self.sound_store(path),
            DatabaseState::Missing => STORE
                .warning([Observation::StoreMissing { path }], [Remedy::RunSetup])
                .repaired_by(Repair::Store),
            DatabaseState::Outdated { lacking } => {
                let migrations = *lacking as u64;
                STORE
                    .problem([Observation::StoreOutdated { path, migrations }], [Remedy::MigrateStore])
                    .repaired_by(Repair::Store)
            }
            DatabaseState::Foreign => {
                STORE.problem([Observation::StoreForeign { path }], [Remedy::ReplaceForeignStore])
            }
            DatabaseState::Locked { holder, .. } => {
                let remedy = release(holder.as_ref());
                let holder = holder.as_ref().map(ToString::to_string);
                STORE.problem([Observation::StoreLocked { path, holder }], [remedy])
            }
            DatabaseState::Damaged { problem } => {
                let loss = StoreLoss::Damaged { path: self.config.store.clone(), problem: problem.clone() };
                STORE.problem([Observation::error(&loss)], [after_loss(&loss)])
            }
            DatabaseState::Unusable(why) => {
                let unusable = Observation::StoreUnusable { path, error: why.clone() };
                STORE.problem([unusable], [Remedy::CheckStoreAccess])
            }
            _ => STORE.unknown(Observation::StoreUnrecognized { path }, [Remedy::CheckDaemonLog]),
        }
    }

    /// A writable store that is up to date, and the known state of its content.
    fn sound_store(&self, path: String) -> Check {
        match &self.soundness {
            Some(Soundness::Sound) => STORE.ok(Observation::StoreSound { path }),
            Some(Soundness::Unread(why)) => {
                let unread = Observation::StoreUnread { path, error: why.clone() };
                STORE.unknown(unread, [Remedy::CheckStoreAccess])
            }
            _ => {
                let unverified = Observation::StoreUnverified { path, seconds: CONTENT.as_secs() };
                STORE.unknown(unverified, [Remedy::CheckDaemonLog])
            }
        }
    }

    pub(super) fn daemon(work: Leader) -> Check {
        match work {
            Leader::Present => DAEMON.ok(Observation::Running),
            Leader::Absent => DAEMON.warned(vec![Finding::warning(Fact::NotRunning)]),
            Leader::Unknown => DAEMON.unknown(Observation::LockUnreadable, [Remedy::CheckStoreAccess]),
        }
    }

    pub(super) async fn addresses(&self, connection: &ConnectionConfig, work: Leader) -> Vec<Check> {
        let alerts = connection.alerts.as_ref();
        let (hook, metrics, console, alerts) = tokio::join!(
            LISTEN.within(self.hook_address(connection, work)),
            METRICS.within(self.metrics_address()),
            CONSOLE.within(self.console_address()),
            ALERTS.within(alerts_address(alerts)),
        );
        vec![hook, metrics, console, alerts]
    }

    async fn hook_address(&self, connection: &ConnectionConfig, work: Leader) -> Check {
        let ours = if connection.event_hook.is_some() {
            self.answers(connection).await
        } else {
            work == Leader::Present
        };
        self.judge(LISTEN, self.config.listen, &self.listen, ours, "server.listen")
    }

    /// True if a daemon responds for the connection's hook at its listener.
    pub(super) async fn answers(&self, connection: &ConnectionConfig) -> bool {
        let url = self.here(self.config.listen, &format!("/hooks/okta/{}", connection.name));
        match (&self.listen, url) {
            (Address::InUse, Ok(url)) => probe::challenge_here(&url).await == Challenged::Answered,
            _ => false,
        }
    }

    async fn metrics_address(&self) -> Check {
        let (Some(address), Some(found)) = (self.config.metrics_listen, &self.metrics) else {
            return METRICS.without(Observation::TurnedOff { setting: "server.metrics_listen".into() });
        };
        let ours = match (found, self.here(address, "/readyz")) {
            (Address::InUse, Ok(url)) => match probe::request_local(&url).await {
                Ok(response) => probe::json(response).await.is_some_and(|body| body["ready"].is_boolean()),
                Err(_) => false,
            },
            _ => false,
        };
        self.judge(METRICS, address, found, ours, "server.metrics_listen")
    }

    async fn console_address(&self) -> Check {
        let (Some(settings), Some(found)) = (&self.config.console, &self.console) else {
            return CONSOLE.without(Observation::TurnedOff { setting: "console.listen".into() });
        };
        let ours = match (found, self.here(settings.listen, "/healthz")) {
            (Address::InUse, Ok(url)) => match probe::request_local(&url).await {
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
            let exposed = TlsRequired { address, setting: key };
            return item.problem([Observation::error(&exposed)], [exposed.remedy()]);
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
    let address = address.to_string();
    let other = Remedy::ChooseOtherAddress { key: key.to_owned() };
    match found {
        Address::Free => item.ok(Observation::AddressFree { address }),
        Address::InUse if ours => item.ok(Observation::AddressOfDaemon { address }),
        Address::InUse => item.problem([Observation::AddressInUse { address }], [other]),
        Address::Impossible(why) => {
            item.problem([Observation::AddressUnusable { address, error: why.clone() }], [other])
        }
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
async fn alerts_address(alerts: Option<&AlertConfig>) -> Check {
    let Some(alerts) = alerts else { return ALERTS.without(Observation::AlertsInLog) };
    let target = Url::parse(alerts.webhook_url.expose_secret().trim()).ok();
    let target = target.as_ref().and_then(|url| Some((url.host_str()?, url.port_or_known_default()?)));
    let Some((host, port)) = target else {
        let remedy = Remedy::CorrectSetting { key: "alerts.webhook_url".to_owned() };
        return ALERTS.problem([Observation::AlertHostMissing], [remedy]);
    };
    let host = host.trim_matches(['[', ']']);
    let unreachable = match tokio::time::timeout(CONNECT, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => return ALERTS.ok(Observation::AlertHostReachable),
        Ok(Err(error)) => Observation::AlertHostUnreachable { error: error.kind().to_string() },
        Err(_) => Observation::NoResponse { seconds: CONNECT.as_secs() },
    };
    ALERTS.problem([unreachable], [Remedy::CheckAlertWebhook])
}
