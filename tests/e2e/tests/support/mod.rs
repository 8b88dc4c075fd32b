//! A sandbox, the binaries, and what to look at.

// Every test file uses its own part of it.
#![allow(dead_code)]

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use expectrl::Expect;
use expectrl::session::OsSession;
use sandbox::{ControlClient, audit};
use serde_json::{Value, json};

/// What takes longer hangs.
pub(crate) const PATIENCE: Duration = Duration::from_mins(3);

/// An address without a listener.
pub(crate) const NO_LISTENER: &str = "127.0.0.1:1";

/// The binaries under test, built once by the same profile as this test.
pub(crate) fn binary(name: &str) -> PathBuf {
    static BUILD: Once = Once::new();
    BUILD.call_once(|| {
        let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
        let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
        let status = Command::new(cargo)
            .args(["build", "--quiet", "--workspace", "--bins"])
            .args(profile)
            .status()
            .unwrap();
        assert!(status.success(), "the binaries do not build");
    });
    // target/PROFILE/deps/flows-HASH
    let own = std::env::current_exe().unwrap();
    own.parent().unwrap().parent().unwrap().join(name)
}

/// A sandbox in a process of its own, with a configuration for it.
pub(crate) struct TestEnv {
    folder: tempfile::TempDir,
    sandbox: Child,
}

impl Drop for TestEnv {
    fn drop(&mut self) {
        let _ = self.sandbox.kill();
        let _ = self.sandbox.wait();
    }
}

impl TestEnv {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let sandbox = Command::new(binary("okta-insight"))
            .args(["sandbox", "--config-file", "c.toml", "--ready-file", "ready.json"])
            .args(arguments)
            .current_dir(folder.path())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let world = Self { folder, sandbox };
        let deadline = Instant::now() + PATIENCE;
        while !world.path("ready.json").exists() {
            assert!(Instant::now() < deadline, "the sandbox did not get ready");
            std::thread::sleep(Duration::from_millis(20));
        }
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        Command::new(binary("okta-insight"))
            .args(arguments)
            .env("NO_COLOR", "1")
            .current_dir(self.folder())
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// Runs a command that must succeed, and gives its JSON.
    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--config", "c.toml", "--output", "json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Where the files are.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds to the configuration.
    pub(crate) fn configure(&self, more: &str) {
        let text = std::fs::read_to_string(self.path("c.toml")).unwrap();
        std::fs::write(self.path("c.toml"), format!("{text}\n{more}")).unwrap();
    }

    /// A setting of the server, such as where it listens.
    pub(crate) fn server(&self, key: &str) -> String {
        let text = std::fs::read_to_string(self.path("c.toml")).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(&format!("{key} = "))).unwrap();
        line.trim_matches('"').to_owned()
    }

    /// Where the console listens.
    pub(crate) fn console(&self) -> String {
        let text = std::fs::read_to_string(self.path("c.toml")).unwrap();
        let (_, console) = text.split_once("[console]\nlisten = \"").unwrap();
        console.split('"').next().unwrap().to_owned()
    }

    /// Starts the daemon, and waits until it answers. Its log goes to `daemon.log`.
    pub(crate) fn daemon(&self) -> DaemonProcess {
        self.daemon_by("c.toml", &self.server("listen"))
    }

    /// The same by another configuration, and until it answers at an address.
    pub(crate) fn daemon_by(&self, config: &str, address: &str) -> DaemonProcess {
        let daemon = self.spawn(Command::new(binary("okta-insightd")).args(["--config", config]));
        let deadline = Instant::now() + PATIENCE;
        while TcpStream::connect(address).is_err() {
            assert!(Instant::now() < deadline, "the daemon does not listen: {}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
        daemon
    }

    /// Starts a daemon by a command of its own. Its log goes to `daemon.log`.
    pub(crate) fn spawn(&self, command: &mut Command) -> DaemonProcess {
        let log = std::fs::File::create(self.path("daemon.log")).unwrap();
        let command = command.env("OKTA_INSIGHT_LOG_FORMAT", "json").current_dir(self.folder());
        DaemonProcess(command.stderr(log).spawn().unwrap())
    }

    /// What the daemon wrote.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap()
    }

    pub(crate) fn control(&self) -> ControlClient {
        let ready: Value =
            serde_json::from_str(&std::fs::read_to_string(self.path("ready.json")).unwrap()).unwrap();
        ControlClient::new(ready["control_url"].as_str().unwrap())
    }

    /// The configuration without its connections: the daemon has those alone that are saved in its console.
    pub(crate) fn settings_of_the_daemon(&self) -> String {
        let all = std::fs::read_to_string(self.path("c.toml")).unwrap();
        all.split_once("[connections.").unwrap().0.to_owned()
    }

    /// The connection as it is saved over the admin API.
    pub(crate) fn draft(&self) -> Value {
        let ready: Value =
            serde_json::from_str(&std::fs::read_to_string(self.path("ready.json")).unwrap()).unwrap();
        json!({
            "settings": {
                "okta": { "org_url": ready["okta"]["org_url"], "client_id": ready["okta"]["client_id"] },
                "assets": { "api_url": ready["insight"]["api_url"] },
            },
            "secrets": {
                "private_key": ready["okta"]["private_key_jwk"].to_string(),
                "import_token": ready["insight"]["import_token"],
            },
        })
    }

    /// The configuration with a part replaced, as another file.
    pub(crate) fn changed(&self, from: &str, to: &str) -> String {
        let text = std::fs::read_to_string(self.path("c.toml")).unwrap();
        let line = text.lines().find(|line| line.starts_with(from)).unwrap();
        std::fs::write(self.path("bad.toml"), text.replace(line, to)).unwrap();
        line.to_owned()
    }
}

/// A command on a terminal that is so wide.
pub(crate) fn on_terminal(world: &TestEnv, columns: u16, arguments: &str) -> OsSession {
    let binary = binary("okta-insight");
    let mut command = Command::new("sh");
    // The command begins once the terminal has its width.
    let script = format!("read go; exec {} {arguments} --config c.toml", binary.display());
    command.args(["-c", &script]).env("NO_COLOR", "1").current_dir(world.folder());
    let mut session = OsSession::spawn(command).unwrap();
    session.set_expect_timeout(Some(PATIENCE));
    session.get_process_mut().set_window_size(columns, 40).unwrap();
    session.send_line("go").unwrap();
    session
}

/// Asks until the answer is as it should be.
pub(crate) async fn wait_until<T>(what: &str, mut answer: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = answer().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

pub(crate) async fn in_sync(world: &TestEnv, patience: Duration) -> audit::Comparison {
    let control = world.control();
    let deadline = Instant::now() + patience;
    loop {
        let audit = audit::compare(&control).await.unwrap();
        if audit.in_sync || Instant::now() >= deadline {
            return audit;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// The daemon. Killed when dropped.
pub(crate) struct DaemonProcess(Child);

impl DaemonProcess {
    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
    }

    /// Sends it a signal.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("kill").args([&format!("-{name}"), &self.0.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until it has ended by itself, and gives its exit code.
    pub(crate) fn ended(mut self) -> Option<i32> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.0.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the daemon goes on");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks it to end, as the system does, and waits until it has.
    pub(crate) fn end(mut self) {
        self.signal("TERM");
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for DaemonProcess {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
