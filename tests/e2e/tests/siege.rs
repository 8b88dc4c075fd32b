//! Everything that a machine and a network do to a daemon, while changes stream in: it is killed, stopped, and replaced, its
//! store is deleted, damaged, and without space, and the services are away. After each of it both sides end up equal, and
//! while it lasts the daemon says so.
//!
//! Each disorder of the machine comes once. `SIEGE_SECONDS=3600 cargo test -p e2e --test siege -- --nocapture` goes on for an
//! hour, in an order that `SIEGE_SEED` decides, and with services that are away until it is told, which takes a minute.

// Helpers of tests may fail loudly, as tests do.
#![allow(clippy::unwrap_used, clippy::panic)]

mod changes;
mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use changes::{Stream, TestEventSource, distinct_objects};
use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use serde_json::{Value, json};
use support::{DaemonProcess, PATIENCE, TestEnv, binary, in_sync, wait_until};
use tokio::net::TcpSocket;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Disorder {
    Killed,
    /// Stopped by a signal, and let go on.
    Frozen,
    /// Another daemon waits, and takes over when the first is killed.
    TakenOver,
    StoreDeleted,
    StoreDamaged,
    DiskFull,
    OktaAway,
    AssetsAway,
}

const OF_THE_MACHINE: [Disorder; 6] = [
    Disorder::Killed,
    Disorder::Frozen,
    Disorder::TakenOver,
    Disorder::StoreDeleted,
    Disorder::StoreDamaged,
    Disorder::DiskFull,
];

const AWAY: [Disorder; 2] = [Disorder::OktaAway, Disorder::AssetsAway];

/// The safeguards are not the point here: the stream deletes as it likes.
const LIMITS: &str = "[connections.main.safeguards]\nmax_retired_percent = 100\nmax_cleared_values_percent = 100\nmax_removed_memberships_percent = 100\n";

fn number(name: &str) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or_default()
}

#[tokio::test]
async fn no_disorder_loses_a_change() {
    let (time, seed) = (Duration::from_secs(number("SIEGE_SECONDS")), number("SIEGE_SEED"));
    let mut dice = StdRng::seed_from_u64(seed);
    let world = TestEnv::start(&["--users", "80", "--groups", "9"]);
    world.configure(TestEventSource::Deliveries.settings());
    world.configure(LIMITS);
    world.json(&["setup"]);
    world.json(&["sync"]);
    world.control().call("PUT", "/faults", &json!("hooks.lost=1")).await.unwrap();
    let mut siege = Siege { daemon: Some(world.daemon()), world };
    let began = Instant::now();
    loop {
        let mut order =
            if time.is_zero() { OF_THE_MACHINE.to_vec() } else { [&OF_THE_MACHINE[..], &AWAY].concat() };
        order.shuffle(&mut dice);
        for disorder in order {
            siege.round(disorder).await;
        }
        if began.elapsed() >= time {
            break;
        }
    }
    for object_type in ["/type/user", "/type/group"] {
        distinct_objects(&siege.world.control(), object_type).await;
    }
}

struct Siege {
    world: TestEnv,
    daemon: Option<DaemonProcess>,
}

impl Siege {
    async fn round(&mut self, disorder: Disorder) {
        if disorder == Disorder::DiskFull && !can_mount() {
            eprintln!("DiskFull is left out: no small file system can be mounted here (unshare -rm)");
            return;
        }
        let stream = Stream::start(&self.world, TestEventSource::Deliveries).await;
        stream.goes_on_by(15).await;
        match disorder {
            Disorder::Killed => self.restart(),
            Disorder::Frozen => self.freeze().await,
            Disorder::TakenOver => self.take_over().await,
            Disorder::StoreDeleted => self.delete_store(),
            Disorder::StoreDamaged => self.damage_store().await,
            Disorder::DiskFull => self.fill_disk(&stream).await,
            Disorder::OktaAway => self.cut_off("okta", &stream).await,
            Disorder::AssetsAway => self.cut_off("assets", &stream).await,
        }
        stream.goes_on_by(15).await;
        let changes = stream.end().await;
        let since = Instant::now();
        let audit = in_sync(&self.world, PATIENCE).await;
        assert!(audit.in_sync, "after {disorder:?}: {:?}\n{}", audit.differences, self.world.log());
        println!("{disorder:?}: {changes} changes, in step {:.1} s later", since.elapsed().as_secs_f64());
    }

    fn daemon(&self) -> &DaemonProcess {
        self.daemon.as_ref().unwrap()
    }

    fn kill(&mut self) {
        self.daemon.take();
    }

    fn restart(&mut self) {
        self.kill();
        self.daemon = Some(self.world.daemon());
    }

    async fn freeze(&self) {
        self.daemon().signal("STOP");
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.daemon().signal("CONT");
    }

    async fn take_over(&mut self) {
        let mut text = std::fs::read_to_string(self.world.path("c.toml")).unwrap();
        let mut sockets = Vec::new();
        for address in
            [self.world.server("listen"), self.world.server("metrics_listen"), self.world.console()]
        {
            let (socket, other) = free_address();
            sockets.push(socket);
            text = text.replacen(&format!("listen = \"{address}\""), &format!("listen = \"{other}\""), 1);
            text = text.replacen(
                &format!("metrics_listen = \"{address}\""),
                &format!("metrics_listen = \"{other}\""),
                1,
            );
        }
        std::fs::write(self.world.path("second.toml"), text).unwrap();
        let monitor = sockets[1].local_addr().unwrap().to_string();
        let second = self.world.daemon_by("second.toml", &monitor);
        wait_until("the second waits", async || {
            let health = health(&monitor).await?;
            (health["connections"]["main"]["standby"] == true).then_some(())
        })
        .await;
        self.kill();
        wait_until("the second takes over", async || {
            let health = health(&monitor).await?;
            (health["connections"]["main"]["standby"] == false).then_some(())
        })
        .await;
        drop(second);
        self.daemon = Some(self.world.daemon());
    }

    /// A backup, which is put in the place of the store.
    fn back_up(&self) -> PathBuf {
        let copy = self.world.path("copy.db");
        let _ = std::fs::remove_file(&copy);
        let made = self.world.run(&["backup", "copy.db", "--config", "c.toml"]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        copy
    }

    fn restore(&mut self, copy: &Path) {
        for name in ["c.db", "c.db-wal", "c.db-shm"] {
            let _ = std::fs::remove_file(self.world.path(name));
        }
        std::fs::rename(copy, self.world.path("c.db")).unwrap();
        self.daemon = Some(self.world.daemon());
    }

    fn delete_store(&mut self) {
        let copy = self.back_up();
        std::fs::remove_file(self.world.path("c.db")).unwrap();
        let daemon = self.daemon.take().unwrap();
        assert_eq!(daemon.ended(), Some(1), "{}", self.world.log());
        assert!(self.world.log().contains("deleted or moved"), "{}", self.world.log());
        self.restore(&copy);
    }

    async fn damage_store(&mut self) {
        let copy = self.back_up();
        self.kill();
        // What the log of the store still holds would mend it.
        let _ = std::fs::remove_file(self.world.path("c.db-wal"));
        let mut file = std::fs::read(self.world.path("c.db")).unwrap();
        let (from, to) = (file.len() / 4, file.len() / 4 * 3);
        file[from..to].fill(0xa5);
        std::fs::write(self.world.path("c.db"), file).unwrap();
        let mut daemon = Command::new(binary("okta-insightd"));
        let daemon = self.world.spawn(daemon.args(["--config", "c.toml"]));
        // It says so and ends, or says so and goes on with what can be read.
        wait_until("the damage is told", async || self.world.log().contains("damaged").then_some(())).await;
        drop(daemon);
        self.restore(&copy);
    }

    async fn fill_disk(&mut self, stream: &Stream) {
        self.daemon.take().unwrap().end();
        let world = &self.world;
        std::fs::create_dir_all(world.path("disk")).unwrap();
        let text = std::fs::read_to_string(world.path("c.toml")).unwrap();
        std::fs::write(world.path("disk.toml"), text.replacen("path = \"c.db\"", "path = \"disk/c.db\"", 1))
            .unwrap();
        let script =
            "mount -t tmpfs -o size=64m tmpfs disk && cp c.db disk && exec \"$0\" --config disk.toml";
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", script]).arg(binary("okta-insightd"));
        let daemon = world.spawn(&mut command);
        let disk = PathBuf::from(format!("/proc/{}/root{}", daemon.id(), world.path("disk").display()));
        stream.goes_on_by(10).await;
        fill(&disk.join("fill"));
        let monitor = world.server("metrics_listen");
        wait_until("the full disk is told", async || {
            let health = health(&monitor).await?;
            let metrics = reqwest::get(format!("http://{monitor}/metrics")).await.ok()?.text().await.ok()?;
            let told =
                health["ready"] == false && metrics.contains("okta_insight_ready{connection=\"main\"} 0");
            (told && world.log().contains("disk is full")).then_some(())
        })
        .await;
        std::fs::remove_file(disk.join("fill")).unwrap();
        stream.goes_on_by(10).await;
        daemon.signal("STOP");
        for name in ["c.db", "c.db-wal"] {
            let _ = std::fs::remove_file(world.path(name));
            if disk.join(name).exists() {
                std::fs::copy(disk.join(name), world.path(name)).unwrap();
            }
        }
        drop(daemon);
        self.daemon = Some(self.world.daemon());
    }

    /// A service breaks every connection off.
    async fn cut_off(&self, side: &str, stream: &Stream) {
        let control = self.world.control();
        let faults = json!(format!("hooks.lost=1,{side}.reset=1"));
        control.call("PUT", "/faults", &faults).await.unwrap();
        stream.goes_on_by(10).await;
        wait_until("the alert is told", async || {
            let status = self.world.json(&["status"]);
            status["connections"][0]["alerts"].as_array().is_some_and(|all| !all.is_empty()).then_some(())
        })
        .await;
        control.call("PUT", "/faults", &json!("hooks.lost=1")).await.unwrap();
    }
}

/// An address that no other process is given while the socket lives.
fn free_address() -> (TcpSocket, String) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

async fn health(address: &str) -> Option<Value> {
    let answer = reqwest::get(format!("http://{address}/readyz")).await.ok()?;
    answer.json().await.ok()
}

fn can_mount() -> bool {
    let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).output();
    probe.is_ok_and(|probe| probe.status.success())
}

/// Writes until there is no space.
fn fill(path: &Path) {
    let mut file = std::fs::File::create(path).unwrap();
    while file.write_all(&[b'x'; 4096]).is_ok() {}
}
