//! A sandbox, a process that synchronizes it, and the end of both.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sandbox::{ControlClient, Sandbox, SandboxOptions, audit};
use serde_json::{Value, json};
use sync_config::Config;
use sync_daemon::{Connection, HookReceiver};
use sync_engine::{NoopProgress, Safeguards};
use sync_store::Store;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::circumstances::{Circumstances, NO_SAFEGUARDS, limits};
use crate::clock::SetByHand;
use crate::disabled_rules::DisabledRule;
use crate::history::{ControlCall, Known};
use crate::inspection::{Inspection, fixed};
use crate::manual_edits::Edits;
use crate::process::{Process, Settings, Tuning};
use crate::safeguards::Losses;
use crate::tally::Tally;
use crate::{fault_profile, honesty, marks, selection};

/// The time in which an edit in Assets is noticed: two looks at the structure.
const UNNOTICED: Duration = Duration::from_secs(10);

/// One history while it is made.
pub(crate) struct TestEnv {
    pub(crate) seed: u64,
    pub(crate) dice: StdRng,
    pub(crate) tally: Tally,
    pub(crate) circumstances: Circumstances,
    sandbox: Sandbox,
    /// The org with each of the import sources.
    controls: [ControlClient; 2],
    /// The import source in use.
    source: usize,
    folder: tempfile::TempDir,
    pub(crate) settings: Settings,
    config: Arc<Config>,
    /// What the operator wants, as the auditor is told.
    pub(crate) choice: audit::Scope,
    pub(crate) known: Known,
    /// Edits of each of the import sources.
    edits: [Edits; 2],
    pub(crate) losses: Losses,
    pub(crate) broken: Option<DisabledRule>,
    pub(crate) clock: Arc<SetByHand>,
    pub(crate) process: Option<Process>,
    /// *Setup*, each time that the operator pressed it.
    pub(crate) setting_up: Vec<JoinHandle<()>>,
    /// When the org was changed last.
    pub(crate) changed: Timestamp,
    /// When the structure in Assets was edited last.
    edited: Option<Instant>,
    pub(crate) skipped: usize,
}

impl TestEnv {
    pub(crate) async fn start(
        seed: u64,
        circumstances: Circumstances,
        broken: Option<DisabledRule>,
        tally: Tally,
    ) -> Self {
        let mut dice = StdRng::seed_from_u64(seed);
        let options = SandboxOptions {
            users: dice.random_range(3..40),
            groups: dice.random_range(1..8),
            members_per_group: 6,
            seed,
            ..SandboxOptions::default()
        };
        let sandbox = Sandbox::start(&options).await.unwrap();
        let controls = [sandbox.control_url(), &sandbox.other_source().control_url].map(ControlClient::new);
        let control = &controls[0];
        let folder = tempfile::tempdir().unwrap();
        let ids = |list: &Value| -> Vec<String> {
            list.as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
        };
        let users = ids(&control.get("/okta/users?limit=1000").await.unwrap()["users"]);
        let groups = ids(&control.get("/okta/groups?limit=1000").await.unwrap()["groups"]);
        let marks = json!({ "refuseMarkedRecords": true });
        for control in &controls {
            control.call("PUT", "/insight/settings", &marks).await.unwrap();
        }
        let (choice, chosen) = selection::draw(&mut dice, &groups);
        let drawn = if dice.random_range(0..3) == 0 { limits(3) } else { NO_SAFEGUARDS };
        let guarded = circumstances.limits.unwrap_or(drawn);
        let settings =
            Settings::draw(sandbox.ready(), folder.path(), &mut dice, &chosen, circumstances, guarded);
        let token = sandbox.ready()["insight"]["import_token"].as_str().unwrap();
        let config = Arc::new(settings.with(token));
        let mut world = Self {
            seed,
            dice,
            tally,
            circumstances,
            sandbox,
            controls,
            source: 0,
            folder,
            settings,
            config,
            choice,
            known: Known::new(users, groups),
            edits: Default::default(),
            losses: Losses::default(),
            broken,
            clock: Arc::default(),
            process: None,
            setting_up: Vec::new(),
            changed: Timestamp::now(),
            edited: None,
            skipped: 0,
        };
        world.set_up().await;
        // A delivery that is not received is lost where there is the hook alone.
        world.process.insert(world.begin()).has_begun().await;
        world
    }

    /// The control API of the org and of the import source in use.
    pub(crate) fn control(&self) -> &ControlClient {
        &self.controls[self.source]
    }

    fn tuning(&self) -> Tuning {
        Tuning { clock: Arc::clone(&self.clock), broken: self.broken }
    }

    fn begin(&self) -> Process {
        Process::start(&self.config, self.tuning())
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("okta-insight.db")
    }

    /// *Setup* and *Synchronize*, as an operator presses them before anything happens.
    async fn set_up(&self) {
        let store = Store::open(&self.store()).await.unwrap();
        let connection = self.tuning().open(self.config.connections.values().next().unwrap(), &store).await;
        let stop = CancellationToken::new();
        let receiver = HookReceiver::bind(self.config.listen, [&connection]).await.unwrap();
        let serving = tokio::spawn(receiver.serve(stop.clone()));
        connection.engine().setup(connection.has_hook()).await.unwrap();
        connection.engine().full_sync(&Safeguards::default(), &NoopProgress, &stop).await.unwrap();
        stop.cancel();
        serving.await.unwrap();
        store.close().await;
    }

    /// The first time that the product is not what it claims to be, when there is one.
    pub(crate) async fn live_through(&mut self, steps: usize) -> Result<(), String> {
        self.faults().await;
        for _ in 0..steps {
            let step = self.known.next(&mut self.dice);
            self.take(step).await;
            if self.dice.random_bool(self.circumstances.switches.unwrap_or(0.004)) {
                self.switch().await;
            }
            if self.dice.random_bool(self.circumstances.clock.unwrap_or(0.01)) {
                self.tally.count("clock stepped");
                self.clock.step(&mut self.dice);
            }
            match self.dice.random_range(0..1000) {
                0..20 => self.restart().await,
                20..50 => self.faults().await,
                60..75 => self.inspect(),
                75..81 => self.breathe().await?,
                81..93 => self.edit().await,
                93..97 => self.inspect_alone().await?,
                97..98 => self.consent(),
                98..103 => self.beyond().await?,
                103..450 => {
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
        self.beyond().await
    }

    /// Changes the org.
    pub(crate) async fn take(&mut self, step: ControlCall) {
        match self.control().call(step.method, &step.path, &step.body).await {
            Ok(answer) => {
                self.tally.count(step.operation());
                self.known.learn(&step, &answer);
            }
            Err(_) => self.skipped += 1,
        }
        self.changed = Timestamp::now();
    }

    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        self.process.as_ref()?.connection.borrow().clone()
    }

    /// A plan or a check, beside everything else.
    fn inspect(&mut self) {
        let Some(connection) = self.connection() else { return };
        let user = self.known.any_user(&mut self.dice);
        let inspection = Inspection::draw(&mut self.dice, user);
        self.tally.count(inspection.name());
        tokio::spawn(inspection.make(connection, Arc::clone(&self.config)));
    }

    /// A plan or a check while nothing follows, after the directory's schema grew. It must change nothing.
    async fn inspect_alone(&mut self) -> Result<(), String> {
        // What the hook brings while nothing follows is lost, and nothing else brings it.
        let has_only_hook = self.circumstances.events == Some("event_hook");
        // What *Setup* asked for may still come to be.
        let is_being_made = async || self.control().get("/insight/document").await.unwrap().is_null();
        if has_only_hook || is_being_made().await {
            return Ok(());
        }
        if self.setting_up.iter().any(|setup| !setup.is_finished()) {
            return Ok(());
        }
        if let Some(process) = self.process.take() {
            process.stop().await;
        }
        let grow = self.known.grow();
        self.take(grow).await;
        let store = Store::open(&self.store()).await.unwrap();
        let settings = self.config.connections.values().next().unwrap();
        let connection = Arc::new(self.tuning().open(settings, &store).await);
        let user = self.known.any_user(&mut self.dice);
        let mut changed = None;
        for inspection in
            [Inspection::Plan, Inspection::PlanOf(user), Inspection::Verify, Inspection::Compare]
        {
            let (name, before) = (inspection.name(), fixed(self.control(), &connection).await);
            inspection.make(Arc::clone(&connection), Arc::clone(&self.config)).await;
            let after = fixed(self.control(), &connection).await;
            for (part, value) in before.as_object().into_iter().flatten() {
                if *value != after[part] {
                    let told = format!("{name} changed {part} from {} to {}", cut(value), cut(&after[part]));
                    changed = changed.or(Some(told));
                }
            }
        }
        self.tally.count("inspection: alone");
        store.close().await;
        self.process = Some(self.begin());
        changed.map_or(Ok(()), Err)
    }

    /// Edits the structure in Assets, unless everything is to stay calm.
    async fn edit(&mut self) {
        if self.circumstances.calm {
            return;
        }
        let control = self.controls[self.source].clone();
        self.losses.remember(&control).await;
        if self.dice.random_bool(0.05) {
            self.edited = Some(Instant::now());
            let deleted = self.control().call("DELETE", "/insight/document", &Value::Null).await;
            deleted.unwrap();
            self.edits[self.source].forget();
            self.tally.count("structure: object schema deleted");
            self.set_up_again();
            return;
        }
        let noticed = self.edits_are_noticed();
        self.edited = Some(Instant::now());
        let (edits, control) = (&mut self.edits[self.source], &self.controls[self.source]);
        if let Some(done) = edits.edit(control, noticed, &mut self.dice).await {
            self.tally.count(done);
        }
    }

    /// True if the process had the time to notice every edit. Values that are lost between two looks at the structure, by a
    /// type that is changed and changed back, are beyond what an import source tells.
    fn edits_are_noticed(&self) -> bool {
        let is_old = |at: Instant| at.elapsed() >= UNNOTICED;
        self.edited.is_none_or(is_old) && self.process.as_ref().is_some_and(|process| is_old(process.began))
    }

    /// True if no edit is left to be undone.
    pub(crate) const fn edits_are_undone(&self) -> bool {
        self.edits[self.source].are_undone()
    }

    /// Undoes every edit, once it was noticed.
    pub(crate) async fn undo_edits(&mut self) {
        if self.edits_are_undone() {
            return;
        }
        while !self.edits_are_noticed() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.edits[self.source].undo(&self.controls[self.source]).await;
    }

    /// Changes nothing for a while, and listens to what the product says.
    async fn breathe(&mut self) -> Result<(), String> {
        for _ in 0..35 {
            tokio::time::sleep(Duration::from_millis(100)).await;
            if let Some(lie) = self.lie().await {
                return Err(lie);
            }
        }
        self.beyond().await
    }

    /// A wrong claim of the product, when there is one. An edit in Assets is found by the next comparison of schemas.
    pub(crate) async fn lie(&self) -> Option<String> {
        if self.edited.is_some_and(|edited| edited.elapsed() < UNNOTICED) {
            return None;
        }
        let connection = self.connection()?;
        honesty::lie(&connection, self.changed, self.control(), &self.choice).await
    }

    /// An error when more was lost than safeguards let through, or what lives was marked as deleted.
    pub(crate) async fn beyond(&mut self) -> Result<(), String> {
        let control = self.controls[self.source].clone();
        if let Some(wrong) = marks::wrong(&control).await {
            return Err(wrong);
        }
        self.losses.beyond(&self.settings.limits, &control).await.map_or(Ok(()), Err)
    }

    async fn faults(&mut self) {
        let random = fault_profile::faults(&mut self.dice);
        let text = match self.circumstances.weather {
            Some(weather) => format!("seed={},{weather}", self.seed),
            None => random,
        };
        self.struck().await;
        self.control().call("PUT", "/faults", &json!(text)).await.unwrap();
    }

    /// Counts the faults that struck since they were set.
    pub(crate) async fn struck(&self) {
        let shown = self.control().get("/faults").await.unwrap();
        for (fault, times) in shown["struck"].as_object().into_iter().flatten() {
            self.tally.add(format!("fault: {fault}"), times.as_u64().unwrap_or_default());
        }
    }

    async fn restart(&mut self) {
        if self.circumstances.calm {
            return;
        }
        self.end_process().await;
        self.process = Some(self.begin());
    }

    async fn end_process(&mut self) {
        let gently = self.dice.random_bool(0.2);
        let pause = Duration::from_millis(self.dice.random_range(0..300));
        match self.process.take() {
            Some(process) if gently => {
                self.tally.count("process stopped");
                process.stop().await;
            }
            Some(process) => {
                self.tally.count("process killed");
                process.kill().await;
            }
            None => {}
        }
        tokio::time::sleep(pause).await;
    }

    /// The connection fills the other import source from now on.
    async fn switch(&mut self) {
        self.tally.count("import source switched");
        self.end_process().await;
        self.source = 1 - self.source;
        self.losses.consented = true;
        let token = match self.source {
            0 => self.sandbox.ready()["insight"]["import_token"].as_str().unwrap().to_owned(),
            _ => self.sandbox.other_source().import_token.clone(),
        };
        self.config = Arc::new(self.settings.with(&token));
        self.process = Some(self.begin());
        self.set_up_again();
    }
}

fn cut(value: &Value) -> String {
    value.to_string().chars().take(400).collect()
}
