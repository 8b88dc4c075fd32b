//! The simulators in a process of their own, and the programs that are measured.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use sandbox::ControlClient;
use serde_json::Value;

use crate::failure::Failure;
use crate::full::Size;

/// How long a process may take to serve; large orgs take their time to be invented.
const PATIENCE: Duration = Duration::from_mins(2);
/// Known to the daemon by its configuration.
pub(crate) const SECRET: &str = "of this measurement alone";

/// A process that ends with its owner.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A sandbox with its configuration.
pub(crate) struct TestEnv {
    bin: PathBuf,
    folder: tempfile::TempDir,
    pub(crate) control: ControlClient,
    _sandbox: Process,
}

/// The daemon, until it is dropped.
pub(crate) struct Daemon(#[expect(dead_code, reason = "held for its end")] Process);

/// What a command did.
pub(crate) struct Measured {
    pub(crate) document: Value,
    pub(crate) seconds: f64,
    /// The most memory that it held, where the system tells that.
    pub(crate) peak_kib: Option<u64>,
}

impl TestEnv {
    /// Invents an org and sets Assets up for it.
    pub(crate) async fn start(bin: &Path, size: &Size) -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let per_group = size.users * size.memberships / size.groups.max(1);
        let sandbox = Command::new(bin.join("okta-insight"))
            .args(["sandbox", "--config-file", "c.toml", "--ready-file", "ready.json", "--seed", "1"])
            .args(["--users", &size.users.to_string(), "--groups", &size.groups.to_string()])
            .args(["--members-per-group", &per_group.to_string()])
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .map(Process)?;
        let ready = folder.path().join("ready.json");
        wait_for("the sandbox", || ready.exists()).await?;
        let ready: Value = serde_json::from_slice(&std::fs::read(ready)?)?;
        let file = folder.path().join("c.toml");
        // The last table of it is the hook's. Nothing that is scheduled may disturb the measurement.
        let more = format!("secret = \"{SECRET}\"\n[connections.main]\nevent_source = \"event_hook\"\n");
        std::fs::write(&file, std::fs::read_to_string(&file)? + &more)?;
        let control = ControlClient::new(ready["control_url"].as_str().unwrap_or_default());
        let world = Self { bin: bin.to_owned(), folder, control, _sandbox: sandbox };
        world.run("setup").await?;
        Ok(world)
    }

    /// Runs a command to its end.
    pub(crate) async fn run(&self, command: &str) -> Result<Measured, Failure> {
        let answer = self.folder.path().join("answer.json");
        let messages = self.folder.path().join("messages.txt");
        let began = Instant::now();
        let mut child = Command::new(self.bin.join("okta-insight"))
            .args([command, "--config", "c.toml", "--output", "json"])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(std::fs::File::create(&answer)?)
            .stderr(std::fs::File::create(&messages)?)
            .spawn()
            .map(Process)?;
        let mut peak_kib = None;
        let status = loop {
            if let Some(status) = child.0.try_wait()? {
                break status;
            }
            peak_kib = peak_memory(child.0.id()).or(peak_kib);
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let seconds = began.elapsed().as_secs_f64();
        if !status.success() {
            let messages = std::fs::read_to_string(messages)?;
            return Err(Failure::Told(format!("`okta-insight {command}` failed: {messages}")));
        }
        Ok(Measured { document: serde_json::from_slice(&std::fs::read(answer)?)?, seconds, peak_kib })
    }

    /// Starts the daemon and waits until it takes deliveries.
    pub(crate) async fn daemon(&self) -> Result<Daemon, Failure> {
        let daemon = Command::new(self.bin.join("okta-insightd"))
            .args(["--config", "c.toml"])
            .current_dir(self.folder.path())
            .stderr(std::fs::File::create(self.folder.path().join("daemon.log"))?)
            .spawn()
            .map(Process)?;
        let address = self.listens_at()?;
        wait_for("the daemon", || std::net::TcpStream::connect(&address).is_ok()).await?;
        Ok(Daemon(daemon))
    }

    /// Where the daemon takes deliveries.
    pub(crate) fn listens_at(&self) -> Result<String, Failure> {
        let text = std::fs::read_to_string(self.folder.path().join("c.toml"))?;
        let line = text.lines().find_map(|line| line.strip_prefix("listen = "));
        Ok(line.unwrap_or_default().trim_matches('"').to_owned())
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("c.db")
    }
}

async fn wait_for(what: &str, mut is_there: impl FnMut() -> bool) -> Result<(), Failure> {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        if Instant::now() >= deadline {
            return Err(Failure::Told(format!("{what} did not get ready")));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn peak_memory(process: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
