//! A daemon with its console, and a sandbox to connect it to.

use serde_json::Value;

use crate::browser::Browser;
use crate::support::{Daemon, World};

pub(crate) struct Site {
    pub(crate) world: World,
    daemon: Option<Daemon>,
    pub(crate) url: String,
    pub(crate) token: String,
}

impl Site {
    /// A daemon that knows of no connection.
    pub(crate) fn empty(sandbox: &[&str]) -> Self {
        let world = World::start(sandbox);
        let all = std::fs::read_to_string(world.path("c.toml")).unwrap();
        let (server, _) = all.split_once("[connections.").unwrap();
        std::fs::write(world.path("empty.toml"), server).unwrap();
        Self::serving(world, "empty.toml")
    }

    /// A daemon whose connection is in the configuration file.
    pub(crate) fn with_connection(sandbox: &[&str]) -> Self {
        Self::serving(World::start(sandbox), "c.toml")
    }

    pub(crate) fn serving(world: World, config: &str) -> Self {
        let url = format!("http://{}", world.console());
        let daemon = world.daemon_by(config, &world.console());
        let log = world.log();
        let token = log.lines().flat_map(str::split_whitespace).find(|word| word.starts_with("oia_"));
        let token = token.unwrap_or_else(|| panic!("no token in {log}")).to_owned();
        Self { world, daemon: Some(daemon), url, token }
    }

    /// Ends the daemon, and starts it again by the same configuration.
    pub(crate) fn restart(&mut self, config: &str) {
        drop(self.daemon.take());
        self.daemon = Some(self.world.daemon_by(config, &self.world.console()));
    }

    pub(crate) fn address(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// What the sandbox says of itself.
    pub(crate) fn ready(&self, pointer: &str) -> String {
        let ready = std::fs::read_to_string(self.world.path("ready.json")).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap();
        match ready.pointer(pointer).unwrap() {
            Value::String(text) => text.clone(),
            other => other.to_string(),
        }
    }

    /// A browser with an administrator in it, on the list of connections.
    pub(crate) async fn signed_in(&self) -> Browser {
        let browser = Browser::open().await;
        self.sign_in(&browser, &self.token).await;
        browser.see("Sign out").await;
        browser
    }

    pub(crate) async fn sign_in(&self, browser: &Browser, token: &str) {
        browser.goto(&self.address("/sign-in")).await;
        browser.fill("Token", token).await;
        browser.press("Sign in").await;
    }
}
