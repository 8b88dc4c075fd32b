//! A sandbox, a process that synchronises it, and the end of both.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sandbox::{ControlClient, Sandbox, SandboxOptions, audit};
use serde_json::{Value, json};
use sync_service::engine::{Limits, Quiet};
use sync_service::{Config, Connection, Receiver, Store};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::broken::Broken;
use crate::clock::SetByHand;
use crate::history::Known;
use crate::{honesty, selection, weather};

/// How long both sides may take to become equal once nothing goes wrong any more.
const PATIENCE: Duration = Duration::from_secs(150);

/// The same where a rule is switched off and they are not expected to.
const BROKEN_PATIENCE: Duration = Duration::from_secs(25);

pub(crate) struct World {
    seed: u64,
    dice: StdRng,
    _sandbox: Sandbox,
    control: ControlClient,
    folder: tempfile::TempDir,
    config: Arc<Config>,
    /// What the operator wants, as the auditor is told.
    choice: audit::Choice,
    known: Known,
    broken: Option<Broken>,
    clock: Arc<SetByHand>,
    process: Option<Process>,
    /// When the org was changed last.
    changed: Timestamp,
    skipped: usize,
}

/// What would be a process of its own.
struct Process {
    task: JoinHandle<()>,
    stop: CancellationToken,
    /// The connection, once it follows.
    connection: watch::Receiver<Option<Arc<Connection>>>,
}

impl Process {
    fn start(config: &Config, clock: Arc<SetByHand>, broken: Option<Broken>) -> Self {
        let stop = CancellationToken::new();
        let settings = config.connections.values().next().unwrap().clone();
        let (listen, path, asked) = (config.listen, config.store.clone(), stop.clone());
        let (shown, connection) = watch::channel(None);
        let task = tokio::spawn(async move {
            let store = Store::open(&path).await.unwrap();
            let connection = Connection::open_with(&settings, &store, |ports, options| {
                // Times of an org that is a hundred times as fast.
                ports.clock = clock;
                options.event_tolerance = Duration::from_millis(20);
                options.overlap = Duration::from_secs(5);
                options.busy_limit = Duration::from_secs(20);
                options.orphan_limit = Duration::from_secs(1);
                if let Some(broken) = broken {
                    broken.apply(ports, options);
                }
            });
            let connection = Arc::new(connection.await.unwrap());
            // Whatever is left behind may take a while to be settled; the simulators fail here too.
            let _claim = loop {
                match connection.claim(&path).await {
                    Ok(claim) => break claim,
                    Err(_) if asked.is_cancelled() => return,
                    Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
                }
            };
            let receiver = loop {
                match Receiver::bind(listen, [connection.as_ref()]).await {
                    Ok(receiver) => break receiver,
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                }
            };
            shown.send_replace(Some(Arc::clone(&connection)));
            tokio::join!(receiver.serve(asked.clone()), connection.follow(&asked));
        });
        Self { task, stop, connection }
    }

    /// As a power cut would: nothing gets to say goodbye.
    async fn kill(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn stop(self) {
        self.stop.cancel();
        let ended = tokio::time::timeout(Duration::from_secs(30), self.task).await;
        assert!(ended.is_ok(), "a stop that was asked for took half a minute");
    }
}

/// A port that stays ours while the process behind it is stopped: below those that the system gives away.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let start = u16::try_from(std::process::id() % 20_000).unwrap();
        let port = 10_000 + (start + n % 20_000) % 20_000;
        if std::net::TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

fn config(ready: &Value, folder: &std::path::Path, dice: &mut StdRng, chosen: &str) -> Config {
    let port = free_port();
    let text =
        |pointer: &str| Value::from(ready.pointer(pointer).and_then(Value::as_str).unwrap()).to_string();
    let key = Value::from(ready.pointer("/okta/private_key_jwk").unwrap().to_string()).to_string();
    let hook = format!("[connections.main.hook]\npublic_url = \"http://127.0.0.1:{port}\"\n");
    let (events, hook) = match dice.random_range(0..4) {
        0 => ("log", ""),
        _ => ("both", hook.as_str()),
    };
    let toml = format!(
        "[server]\nlisten = \"127.0.0.1:{port}\"\n\
         [connections.main]\nevents = \"{events}\"\n\
         [connections.main.okta]\norg_url = {}\nclient_id = {}\nprivate_key = {key}\n\
         [connections.main.assets]\napi_url = {}\nimport_token = {}\n\
         [connections.main.schedule]\nfull = \"never\"\ndelta = \"8s\"\nlog = \"150ms\"\nschema = \"5s\"\n{hook}{chosen}",
        text("/okta/org_url"),
        text("/okta/client_id"),
        text("/insight/api_url"),
        text("/insight/import_token"),
    );
    let mut config = Config::from_toml(&toml, "oracle", folder, []).unwrap();
    for connection in config.connections.values_mut() {
        // A small org in which much happens: nothing of it is suspicious.
        connection.limits = Limits {
            min_gone: u64::MAX,
            min_lost_memberships: u64::MAX,
            min_blanked: u64::MAX,
            accept_shrink: true,
            ..Limits::default()
        };
    }
    config
}

impl World {
    pub(crate) async fn start(seed: u64, broken: Option<Broken>) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let options = SandboxOptions {
            users: dice.random_range(3..40),
            groups: dice.random_range(1..8),
            members_per_group: 6,
            seed,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let control = ControlClient::new(sandbox.control_url());
        let folder = tempfile::tempdir().unwrap();
        let ids = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let users = ids(&control.get("/okta/users?limit=1000").await.unwrap()["users"]);
        let groups = ids(&control.get("/okta/groups?limit=1000").await.unwrap()["groups"]);
        let (choice, chosen) = selection::draw(&mut dice, &groups);
        let config = Arc::new(config(sandbox.ready(), folder.path(), &mut dice, &chosen));
        let everyone = groups.clone();
        let mut world = Self {
            seed,
            dice,
            _sandbox: sandbox,
            control,
            folder,
            config,
            choice,
            known: Known::new(users, everyone),
            broken,
            clock: Arc::default(),
            process: None,
            changed: Timestamp::now(),
            skipped: 0,
        };
        world.set_up().await;
        world.process = Some(world.begin());
        world
    }

    fn begin(&self) -> Process {
        Process::start(&self.config, Arc::clone(&self.clock), self.broken)
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("okta-insight.db")
    }

    /// *Setup* and *Synchronize*, as an operator presses them before anything happens.
    async fn set_up(&self) {
        let store = Store::open(&self.store()).await.unwrap();
        let connection =
            Connection::open(self.config.connections.values().next().unwrap(), &store).await.unwrap();
        let stop = CancellationToken::new();
        let receiver = Receiver::bind(self.config.listen, [&connection]).await.unwrap();
        let serving = tokio::spawn(receiver.serve(stop.clone()));
        connection.engine().setup(connection.has_hook()).await.unwrap();
        connection.engine().sync(&Limits::default(), &Quiet, &stop).await.unwrap();
        stop.cancel();
        serving.await.unwrap();
        store.close().await;
    }

    /// The first time that the product claims to be current and is not, when there is one.
    pub(crate) async fn live_through(&mut self, steps: usize) -> Result<(), String> {
        self.faults().await;
        for _ in 0..steps {
            let step = self.known.next(&mut self.dice);
            match self.control.call(step.method, &step.path, &step.body).await {
                Ok(answer) => self.known.learn(&step, &answer),
                Err(_) => self.skipped += 1,
            }
            self.changed = Timestamp::now();
            match self.dice.random_range(0..100) {
                0..2 => self.restart().await,
                2..5 => self.faults().await,
                5..6 => self.clock.step(&mut self.dice),
                6..7 => self.look(),
                7..8 => self.breathe().await?,
                8..45 => {
                    tokio::time::sleep(Duration::from_millis(self.dice.random_range(1..40))).await;
                }
                _ => {}
            }
        }
        let (seed, skipped) = (self.seed, self.skipped);
        assert!(
            skipped < steps * 3 / 4,
            "seed {seed}: {skipped} of {steps} changes were refused: the history is none"
        );
        Ok(())
    }

    fn connection(&self) -> Option<Arc<Connection>> {
        self.process.as_ref()?.connection.borrow().clone()
    }

    /// A plan, beside everything else. Looking at it changes nothing.
    fn look(&self) {
        let Some(connection) = self.connection() else { return };
        tokio::spawn(async move {
            let _ = connection.engine().plan(&Quiet, &CancellationToken::new()).await;
        });
    }

    /// Changes nothing for a while, and listens to what the product says.
    async fn breathe(&mut self) -> Result<(), String> {
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let Some(connection) = self.connection() else { continue };
            if let Some(lie) = honesty::lie(&connection, self.changed, &self.control, &self.choice).await {
                return Err(lie);
            }
        }
        Ok(())
    }

    async fn faults(&mut self) {
        let random = weather::faults(&mut self.dice);
        let text = self.broken.map_or(random, |broken| format!("seed={},{}", self.seed, broken.weather()));
        self.control.call("PUT", "/faults", &json!(text)).await.unwrap();
    }

    async fn restart(&mut self) {
        let gently = self.dice.random_bool(0.2);
        let pause = Duration::from_millis(self.dice.random_range(0..300));
        match self.process.take() {
            Some(process) if gently => process.stop().await,
            Some(process) => process.kill().await,
            None => {}
        }
        tokio::time::sleep(pause).await;
        self.process = Some(self.begin());
    }

    /// Ends the faults and waits until both sides are equal. The first difference when they do not become so.
    pub(crate) async fn settle(mut self) -> Result<(), String> {
        self.control.call("DELETE", "/faults", &Value::Null).await.unwrap();
        let patience = if self.broken.is_some() { BROKEN_PATIENCE } else { PATIENCE };
        let deadline = Instant::now() + patience;
        let result = loop {
            let audit = audit::compare_chosen(&self.control, &self.choice).await.unwrap();
            if audit.in_sync {
                break Ok(());
            }
            if let Some(connection) = self.connection()
                && let Some(lie) = honesty::lie(&connection, self.changed, &self.control, &self.choice).await
            {
                break Err(lie);
            }
            if Instant::now() >= deadline {
                let shown = audit.differences.iter().take(3).cloned().collect::<Vec<_>>().join("; ");
                break Err(format!("{} differences, such as {shown}", audit.total_differences));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
        if result.is_err() && std::env::var_os("ORACLE_KEEP").is_some() {
            // Stopped: the file holds everything.
            let kept = std::env::temp_dir().join(format!("oracle-{}.db", self.seed));
            std::fs::copy(self.store(), &kept).unwrap();
            eprintln!("seed {}: the store is kept as {}", self.seed, kept.display());
        }
        result
    }
}
