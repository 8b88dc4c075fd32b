//! The arguments of the command line.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use reqwest::Url;
use sandbox::{DpopMode, FaultSpec};
use sync_service::{Config, ConfigError};

use crate::commands::completions::Completions;
use crate::commands::config::Settings;
use crate::commands::doctor::Doctor;
use crate::commands::export::Export;
use crate::commands::man::Man;
use crate::commands::plan::Plan;
use crate::commands::schema::Schema;
use crate::commands::setup::Setup;
use crate::commands::tokens::Tokens;

mod help;
mod usage;
pub(crate) mod values;

pub(crate) use usage::parse;
use values::{RateLimit, Server, address, any_duration, duration, prune_limit, quantity, seed};

/// Sync Okta users and groups to Jira Service Management Assets
#[derive(Debug, Parser)]
#[command(name = "okta-insight", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// Format of results. Progress and errors are written to standard error
    #[arg(long, global = true, value_enum, value_name = "FORMAT", default_value = "text")]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The format of results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// Text and tables
    Text,
    /// One JSON document
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a configuration file and check each setting
    Init(Box<crate::commands::init::Init>),
    /// Generate a key pair for the Okta app
    Keygen(crate::commands::keygen::Keygen),
    /// Generate or rotate the key that encrypts secrets saved in the console
    MasterKey(crate::commands::master_key::MasterKey),
    /// Create or update the object types, mapping, and event hook
    Setup(Setup),
    /// Verify the object types, mapping, and event hook
    Verify(Common),
    /// Check all prerequisites and suggest fixes
    Doctor(Doctor),
    /// Show the changes that a full sync would make
    Plan(Plan),
    /// Run a full or targeted sync
    Sync(Sync),
    /// Delete long-retired objects from Assets after confirmation
    Prune(Prune),
    /// Compare Okta and Assets attributes
    Schema(Schema),
    /// Export the org's users, groups, memberships, and schemas as JSON
    Export(Export),
    /// Show the health, lag, and recent runs of each connection
    Status(crate::commands::status::Args),
    /// List runs or show one run
    Runs(crate::commands::runs::Args),
    /// List, follow, or replay events
    Events(crate::commands::events::Args),
    /// Pause syncing; events are stored and applied after the pause
    Pause(Pause),
    /// Resume syncing
    Resume(Common),
    /// Show the audit log or export it as JSON lines
    Audit(crate::commands::audit::Args),
    /// Copy the state store to a new file, even while the daemon runs
    Backup(crate::commands::backup::Args),
    /// Manage access tokens
    Tokens(Tokens),
    /// Check the configuration or print its schema or an example
    Config(Settings),
    /// Generate shell completions
    Completions(Completions),
    /// Generate man pages
    Man(Man),
    /// Run a local Okta org and Assets site
    Sandbox(Box<Sandbox>),
    /// Run a demo in a sandbox: setup, full sync, and live changes
    Demo(Demo),
}

/// The configuration file that is read unless another one is named.
const CONFIG: &str = "okta-insight.toml";

/// The configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The path of the file.
    #[arg(
        long,
        short,
        value_name = "FILE",
        env = "OKTA_INSIGHT_CONFIG",
        hide_env_values = true,
        help = "Configuration file. Optional if all connections were created in the console [default: okta-insight.toml]"
    )]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The path, whether the file exists or not.
    pub(crate) fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(CONFIG))
    }

    /// Reads the file and the environment. The default file is optional where a daemon has created its store, or the
    /// environment holds a connection.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        if self.config.is_some() {
            return Config::load(self.path());
        }
        let config = Config::load_if_there(self.path())?;
        if config.store.exists() || !config.connections.is_empty() {
            return Ok(config);
        }
        // Reports that it is missing, where it is.
        Config::load(self.path())
    }
}

/// The configuration and the connections in it.
#[derive(Debug, Args)]
pub(crate) struct Local {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Connection to use [default: all connections]
    #[arg(long, value_name = "NAME", help = "Connection to use [default: all connections]")]
    pub(crate) connection: Option<String>,
}

/// The connections, on this host or of a remote daemon.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) local: Local,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// A remote daemon.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// The URL of its console.
    #[arg(
        long,
        value_name = "URL",
        env = "OKTA_INSIGHT_SERVER",
        help = "URL of a remote daemon's console (`https://HOST[:PORT]`)"
    )]
    server: Option<Server>,
    /// File with an access token of the remote daemon. The environment variable OKTA_INSIGHT_TOKEN can hold the token instead
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Remote {
    /// The URL; `None` when the command works on this host.
    pub(crate) fn server(&self) -> Option<&Url> {
        self.server.as_ref()?.0.as_ref()
    }
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Apply the changes even if they exceed a safeguard
    #[arg(long)]
    pub(crate) override_safeguards: bool,
    /// Resend all objects, including unchanged ones, to restore Assets
    #[arg(long, conflicts_with_all = ["users", "groups", "dry_run"])]
    pub(crate) resend: bool,
    /// Sync only these users: Okta user IDs or usernames, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "USER_ID")]
    pub(crate) users: Vec<String>,
    /// Sync only these groups: Okta group IDs or names, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "GROUP_ID")]
    pub(crate) groups: Vec<String>,
    /// Show the changes without sending them
    #[arg(long, conflicts_with = "override_safeguards")]
    pub(crate) dry_run: bool,
    /// Maximum time to wait for a daemon to sync the users and groups
    #[arg(long, value_name = "DURATION", default_value = "10m", value_parser = duration)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Minimum time since an object was retired, such as 90d
    #[arg(long, default_value = "30d", value_name = "DURATION", value_parser = any_duration)]
    pub(crate) older_than: Duration,
    /// Maximum number of objects to delete
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = prune_limit, allow_negative_numbers = true)]
    pub(crate) limit: u32,
    /// Delete without a prompt
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Delete the objects even if they are more than 20% of their object type
    #[arg(long)]
    pub(crate) override_safeguards: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Length of the pause, such as 30m or 2h [default: until `resume`]
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        help = "Length of the pause, such as 30m or 2h [default: until `okta-insight resume`]"
    )]
    pub(crate) time: Option<Duration>,
}

/// The generated org.
#[derive(Debug, Args)]
pub(crate) struct Org {
    /// Number of users, including deactivated users
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) users: usize,
    /// Number of groups, in addition to Everyone
    #[arg(long, value_name = "N", default_value_t = 12, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) groups: usize,
    /// Average number of members per group
    #[arg(long, value_name = "N", default_value_t = 25, value_parser = quantity, allow_negative_numbers = true)]
    pub(crate) members_per_group: usize,
    /// Seed of the generated data. The same seed generates the same org
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: u64,
    /// Folder of an export to load instead of generated data
    #[arg(long = "org-data", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    #[command(flatten)]
    pub(crate) org: Org,
    /// Address of the Okta org. Port 0 selects a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) okta: SocketAddr,
    /// Address of the Assets site and the control API. Port 0 selects a free port
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    pub(crate) insight: SocketAddr,
    /// DPoP-bound tokens: required, optional, or off
    #[arg(long, value_name = "MODE", default_value = "required")]
    pub(crate) dpop: DpopMode,
    /// Requests per minute of each rate-limit bucket, or off
    #[arg(long, value_name = "N", default_value = "off")]
    pub(crate) rate_limit: RateLimit,
    /// URL of the org for clients that use another address
    #[arg(long, value_name = "URL")]
    pub(crate) public_url_okta: Option<Url>,
    /// Certificate file (PEM) for HTTPS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// Private key file (PEM) of the certificate
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Faults to inject, such as seed=7,okta.429=0.05,hooks.delay=100..500@0.2. An unknown fault lists all of them
    #[arg(long, value_name = "SPEC", default_value = "", hide_default_value = true)]
    pub(crate) faults: FaultSpec,
    /// File for a configuration that connects to the sandbox
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// File for the URLs and credentials, written when the sandbox is ready
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) org: Org,
    /// Exit after one round of changes instead of continuing until Ctrl-C
    #[arg(long)]
    pub(crate) exit: bool,
}
