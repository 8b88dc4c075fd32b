//! A daemon with the sandbox in this process.

use std::net::SocketAddr;
use std::sync::Arc;

use sandbox::{ControlClient, Sandbox, SandboxOptions};
use secrecy::SecretString;
use serde_json::{Value, json};
use sync_config::Config;
use sync_console::Console;
use sync_daemon::{ConnectionManager, HookReceiver};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// The setting with the key that secrets are kept under.
pub(crate) const KEY: &str = "master_key = \"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"\n";

pub(crate) struct Daemon {
    pub(crate) sandbox: Sandbox,
    pub(crate) fleet: Arc<ConnectionManager>,
    /// Where the console answers.
    pub(crate) url: String,
    /// The administrator's.
    pub(crate) token: SecretString,
    pub(crate) hook: SocketAddr,
    stop: CancellationToken,
    tasks: Vec<JoinHandle<()>>,
    _folder: tempfile::TempDir,
}

impl Daemon {
    /// Without a connection; with these settings of the console.
    pub(crate) async fn start(options: &SandboxOptions, console: &str) -> Self {
        let sandbox = Sandbox::start(options).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:0\"\nmetrics_listen = \"off\"\n[console]\nlisten = \"127.0.0.1:0\"\n{console}"
        );
        let config = Config::from_toml(&text, "c.toml", folder.path(), []).unwrap();
        let fleet = ConnectionManager::open(config, &folder.path().join("c.toml")).await.unwrap();
        let receiver = HookReceiver::for_connections(&fleet).await.unwrap();
        let console = Console::bind(fleet.config().console.as_ref().unwrap(), &fleet).await.unwrap();
        fleet.start();
        let token = console.first_token().await.unwrap().unwrap();
        let (hook, url) = (receiver.address(), console.url().to_owned());
        let stop = CancellationToken::new();
        let tasks =
            vec![tokio::spawn(receiver.serve(stop.clone())), tokio::spawn(console.serve(stop.clone()))];
        Self { sandbox, fleet, url, token, hook, stop, tasks, _folder: folder }
    }

    pub(crate) async fn end(self) {
        self.stop.cancel();
        for task in self.tasks {
            task.await.unwrap();
        }
        self.fleet.end().await;
    }

    pub(crate) fn control(&self) -> ControlClient {
        ControlClient::new(self.sandbox.control_url())
    }

    /// Settings that work, with their secrets.
    pub(crate) fn draft(&self) -> Value {
        let ready = self.sandbox.ready();
        json!({
            "settings": {
                "okta": { "org_url": ready["okta"]["org_url"], "client_id": ready["okta"]["client_id"] },
                "assets": { "api_url": ready["insight"]["api_url"] },
                "event_hook": { "public_url": format!("http://{}", self.hook) },
            },
            "secrets": {
                "private_key": ready["okta"]["private_key_jwk"].to_string(),
                "import_token": ready["insight"]["import_token"],
            },
        })
    }
}
