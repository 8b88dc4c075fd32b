//! The process that synchronizes: its configuration, its beginning, and both of its ends.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::Value;
use sync_config::{Config, ConnectionConfig};
use sync_daemon::{Connection, HookReceiver};
use sync_engine::{EngineOptions, Ports, Safeguards};
use sync_store::Store;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::circumstances::Circumstances;
use crate::clock::SetByHand;
use crate::disabled_rules::DisabledRule;

/// A task in the place of a process.
pub(crate) struct Process {
    task: JoinHandle<()>,
    stop: CancellationToken,
    pub(crate) began: Instant,
    /// The connection, once it follows.
    pub(crate) connection: watch::Receiver<Option<Arc<Connection>>>,
}

/// The engine of a history: times of an org that is a hundred times as fast, and perhaps a rule that is switched off.
#[derive(Clone)]
pub(crate) struct Tuning {
    pub(crate) clock: Arc<SetByHand>,
    pub(crate) broken: Option<DisabledRule>,
}

impl Tuning {
    fn apply(self, ports: &mut Ports, options: &mut EngineOptions) {
        ports.clock = self.clock;
        options.event_tolerance = Duration::from_millis(20);
        options.overlap = Duration::from_secs(5);
        options.busy_limit = Duration::from_secs(20);
        options.orphan_limit = Duration::from_secs(1);
        if let Some(broken) = self.broken {
            broken.apply(ports, options);
        }
    }

    pub(crate) async fn open(self, settings: &ConnectionConfig, store: &Store) -> Connection {
        Connection::open_with(settings, store, |ports, options| self.apply(ports, options)).await.unwrap()
    }
}

impl Process {
    pub(crate) fn start(config: &Config, tuning: Tuning) -> Self {
        let stop = CancellationToken::new();
        let settings = config.connections.values().next().unwrap().clone();
        let (listen, path, asked) = (config.listen, config.store.clone(), stop.clone());
        let (shown, connection) = watch::channel(None);
        let task = tokio::spawn(async move {
            let store = Store::open(&path).await.unwrap();
            if let Some(broken) = tuning.broken {
                broken.prepare(&path).await;
            }
            let connection = Arc::new(tuning.open(&settings, &store).await);
            // Whatever is left behind may take a while to be settled; the simulators fail here too.
            let _claim = loop {
                match connection.claim_to_follow(&path).await {
                    Ok(claim) => break claim,
                    Err(_) if asked.is_cancelled() => return,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            };
            let receiver = loop {
                match HookReceiver::bind(listen, [connection.as_ref()]).await {
                    Ok(receiver) => break receiver,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            shown.send_replace(Some(Arc::clone(&connection)));
            tokio::join!(receiver.serve(asked.clone()), connection.follow(&asked));
        });
        Self { task, stop, began: Instant::now(), connection }
    }

    /// Waits until it follows, and records can be made.
    pub(crate) async fn has_begun(&self) {
        let mut shown = self.connection.clone();
        let connection = shown.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        while connection.engine().active_mapping_version().is_none() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// As a power cut would: nothing gets to say goodbye.
    pub(crate) async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    pub(crate) async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_mins(2), self.task).await;
        assert!(ended.is_ok(), "a stop that was asked for took two minutes");
    }
}

/// A port that stays ours while the process behind it is stopped: below those that the system gives away.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        // Far from the ports of another oracle, whose process may have the next ID.
        let start = u16::try_from(std::process::id() * 397 % 20_000).unwrap();
        let port = 10_000 + (start + n % 20_000) % 20_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// The configuration, for any import source.
pub(crate) struct Settings {
    text: String,
    folder: PathBuf,
    pub(crate) limits: Safeguards,
}

impl Settings {
    pub(crate) fn draw(
        ready: &Value,
        folder: &Path,
        dice: &mut StdRng,
        chosen: &str,
        circumstances: Circumstances,
        limits: Safeguards,
    ) -> Self {
        let port = free_port();
        let text =
            |pointer: &str| Value::from(ready.pointer(pointer).and_then(Value::as_str).unwrap()).to_string();
        let key = Value::from(ready.pointer("/okta/private_key_jwk").unwrap().to_string()).to_string();
        let drawn = if dice.random_range(0..4) == 0 { "system_log" } else { "both" };
        let events = circumstances.events.unwrap_or(drawn);
        let hook = match events {
            "system_log" => String::new(),
            _ => format!("[connections.main.event_hook]\npublic_url = \"http://127.0.0.1:{port}\"\n"),
        };
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:{port}\"\n\
             [connections.main]\nevent_source = \"{events}\"\n\
             [connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {key}\n\
             [connections.main.schedule]\nfull_sync = \"never\"\nincremental_sync = \"8s\"\nsystem_log_poll = \"150ms\"\nschema_check = \"5s\"\n{hook}{chosen}\
             [connections.main.assets]\napi_url = {}\n",
            text("/okta/org_url"),
            text("/okta/client_id"),
            text("/insight/api_url"),
        );
        Self { text, folder: folder.to_owned(), limits }
    }

    /// The same with the token of an import source.
    pub(crate) fn with(&self, token: &str) -> Config {
        let toml = format!("{}import_token = {}\n", self.text, Value::from(token));
        let mut config = Config::from_toml(&toml, "oracle", &self.folder, []).unwrap();
        for connection in config.connections.values_mut() {
            connection.safeguards = self.limits;
        }
        config
    }
}
