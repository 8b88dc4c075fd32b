//! What may be typed.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
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

/// Keeps Okta users and groups as objects in Jira Service Management Assets.
#[derive(Debug, Parser)]
#[command(name = "okta-insight", version, about, max_term_width = 100)]
pub(crate) struct Arguments {
    /// How results are printed. Progress and errors always go to standard error.
    #[arg(long, global = true, value_enum, default_value = "text")]
    pub(crate) output: Output,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Ask for the settings of a connection, check each, and write the configuration.
    Init(Box<crate::commands::init::Init>),
    /// Make a key pair: the private key goes to a file, the public key to standard output for Okta.
    Keygen(crate::commands::keygen::Keygen),
    /// Make the key that the console keeps secrets under, or change to another.
    MasterKey(crate::commands::master_key::MasterKey),
    /// Create the object schema and mapping in Assets, and the event hook in Okta. Can be repeated.
    Setup(Setup),
    /// Check that the object schema, the mapping and the event hook are as they should be.
    Verify(Common),
    /// Look at every precondition of a connection, and say what to do about what does not hold.
    Doctor(Doctor),
    /// Show what a synchronisation would change, and change nothing.
    Plan(Plan),
    /// Load all users, groups and memberships, and send what changed.
    Sync(Sync),
    /// List objects in Assets that have long been gone in Okta, and delete them once that is confirmed.
    Prune(Prune),
    /// Show Okta's attributes beside those of Assets, and what differs.
    Schema(Schema),
    /// Save the org's users, groups, memberships and schemas to a folder, in Okta's own JSON.
    Export(Export),
    /// Say how fresh every connection is, what is waiting, and how the last runs went.
    Status(crate::commands::status::Args),
    /// Show the history of runs, or one run in detail.
    Runs(crate::commands::runs::Args),
    /// Show what the inbox holds: events that wait, that were given up, and that are done.
    Events(crate::commands::events::Args),
    /// Stop sending for a while: events are kept, and applied after the pause.
    Pause(Pause),
    /// End a pause.
    Resume(Common),
    /// Show who changed what through the console, the API, and the command line, or export it as JSON lines.
    Audit(crate::commands::audit::Args),
    /// Copy the state store into a new file, also while the daemon runs.
    Backup(crate::commands::backup::Args),
    /// List, make, renew and revoke the access tokens of the console.
    Tokens(Tokens),
    /// Check the configuration, or print its JSON Schema or an example of everything.
    Config(Settings),
    /// Print a script that completes commands and options in a shell.
    Completions(Completions),
    /// Print the manual page, or write a page for every command.
    Man(Man),
    /// Serve an Okta org and an Assets site on this machine, to try things with.
    Sandbox(Box<Sandbox>),
    /// Show everything at work: a sandbox, set-up, synchronisation, and changes arriving live.
    Demo(Demo),
}

/// What is read unless another file is named.
const CONFIG: &str = "okta-insight.toml";

/// Which configuration.
#[derive(Debug, Args)]
pub(crate) struct ConfigFile {
    /// The configuration file; okta-insight.toml unless given, which may be missing where a daemon works without one.
    #[arg(long, short, env = "OKTA_INSIGHT_CONFIG")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    /// The file, whether it is there or not.
    pub(crate) fn path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(CONFIG))
    }

    /// Reads it, and the environment. As for the daemon, a file that nobody named may be missing; here only where a daemon
    /// was before, or the environment has all that a connection takes.
    pub(crate) fn load(&self) -> Result<Config, ConfigError> {
        if self.config.is_some() {
            return Config::load(self.path());
        }
        let config = Config::load_if_there(self.path())?;
        if config.store.exists() || !config.connections.is_empty() {
            return Ok(config);
        }
        // Says that it is missing, where it is.
        Config::load(self.path())
    }
}

/// Which configuration, and which of the connections.
#[derive(Debug, Args)]
pub(crate) struct Local {
    #[command(flatten)]
    pub(crate) file: ConfigFile,
    /// Only this connection; all of them when it is not given.
    #[arg(long)]
    pub(crate) connection: Option<String>,
}

/// Which connections, here or of a daemon elsewhere.
#[derive(Debug, Args)]
pub(crate) struct Common {
    #[command(flatten)]
    pub(crate) local: Local,
    #[command(flatten)]
    pub(crate) remote: Remote,
}

/// A daemon elsewhere, in the place of this machine.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// Ask the daemon whose console is at this address instead of working here; it begins with https://.
    #[arg(long, value_name = "URL", env = "OKTA_INSIGHT_SERVER")]
    server: Option<Server>,
    /// The file with a token of that daemon; the token itself can be in OKTA_INSIGHT_TOKEN.
    #[arg(long, value_name = "FILE", requires = "server")]
    pub(crate) token_file: Option<PathBuf>,
}

impl Remote {
    /// The address; `None` when the command works here.
    pub(crate) fn server(&self) -> Option<&Url> {
        self.server.as_ref()?.0.as_ref()
    }
}

/// An address, or nothing: a variable that is set to nothing names no daemon.
#[derive(Debug, Clone)]
struct Server(Option<Url>);

impl FromStr for Server {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.trim().is_empty() {
            return Ok(Self(None));
        }
        let url = text.parse().map_err(|error| format!("{error}; write it as https://sync.example.com"))?;
        Ok(Self(Some(url)))
    }
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Go ahead although many objects would be marked as deleted.
    #[arg(long)]
    pub(crate) accept_shrink: bool,
    /// Send every object, also what has not changed in Okta: somebody changed or deleted objects in Assets.
    #[arg(long, conflicts_with_all = ["users", "groups", "dry_run"])]
    pub(crate) resend: bool,
    /// Only these users, by Okta user ID or login.
    #[arg(long, value_delimiter = ',', value_name = "ID_OR_LOGIN")]
    pub(crate) users: Vec<String>,
    /// Only these groups, by Okta group ID or name.
    #[arg(long, value_delimiter = ',', value_name = "ID_OR_NAME")]
    pub(crate) groups: Vec<String>,
    /// Show what would be sent, and send nothing.
    #[arg(long, conflicts_with = "accept_shrink")]
    pub(crate) dry_run: bool,
    /// How long to wait for a daemon that is asked for users and groups.
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = some_time)]
    pub(crate) timeout: Duration,
}

#[derive(Debug, Args)]
pub(crate) struct Prune {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Only objects that have been gone for so long.
    #[arg(long, default_value = "30d", value_name = "TIME", value_parser = interval)]
    pub(crate) older_than: Duration,
    /// At most so many objects.
    #[arg(long, default_value_t = 1000, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// Delete without being asked.
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Go ahead although more than a fifth of the objects of a kind would be deleted.
    #[arg(long)]
    pub(crate) accept_shrink: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Pause {
    #[command(flatten)]
    pub(crate) common: Common,
    /// For how long, such as 30m or 2h; until `resume` when it is not given.
    #[arg(long = "for", value_name = "TIME", value_parser = some_time)]
    pub(crate) time: Option<Duration>,
}

fn interval(text: &str) -> Result<Duration, String> {
    sync_service::engine::interval(text)
        .ok_or_else(|| "write it as \"30s\", \"15m\", \"6h\" or \"1d\"".to_owned())
}

pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    let time = interval(text)?;
    if time.is_zero() { Err("that is no time at all".to_owned()) } else { Ok(time) }
}

/// The org that is invented.
#[derive(Debug, Args)]
pub(crate) struct Org {
    /// Users in the org, deactivated ones included.
    #[arg(long, default_value_t = 200)]
    pub(crate) users: usize,
    /// Groups in the org, beside Everyone.
    #[arg(long, default_value_t = 12)]
    pub(crate) groups: usize,
    /// About how many members a group has.
    #[arg(long, default_value_t = 25)]
    pub(crate) members_per_group: usize,
    /// The same seed gives the same org.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Fill the org from a folder of Okta's own JSON instead.
    #[arg(long = "org-data", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Sandbox {
    #[command(flatten)]
    pub(crate) org: Org,
    /// Where the Okta org listens; port 0 lets the system choose.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) okta: SocketAddr,
    /// Where the Assets site and the control API listen.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub(crate) insight: SocketAddr,
    /// Whether tokens are bound to a key: required, optional or off.
    #[arg(long, default_value = "required")]
    pub(crate) dpop: DpopMode,
    /// Requests a minute that each bucket of the org allows, or off.
    #[arg(long, value_name = "N", default_value = "off")]
    pub(crate) rate_limit: RateLimit,
    /// What the org calls itself, when clients reach it by another address.
    #[arg(long, value_name = "URL")]
    pub(crate) public_url_okta: Option<Url>,
    /// Serve HTTPS with this certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The private key of the certificate (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,
    /// What goes wrong, such as seed=7,okta.429=0.05,hooks.delay=100..500@0.2; a wrong key names them all.
    #[arg(long, value_name = "SPEC", default_value = "")]
    pub(crate) faults: FaultSpec,
    /// Write a configuration that works against it.
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,
    /// Write addresses and credentials once it serves.
    #[arg(long, value_name = "FILE")]
    pub(crate) ready_file: Option<PathBuf>,
}

/// Requests a minute, or no limit.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RateLimit(pub(crate) Option<u64>);

impl FromStr for RateLimit {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word {
            "off" => Ok(Self(None)),
            number => {
                let limit =
                    number.parse().map_err(|_| format!("\"{number}\" is neither a number nor off"))?;
                Ok(Self(Some(limit)))
            }
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    #[command(flatten)]
    pub(crate) org: Org,
    /// End after one round of live changes instead of going on until Ctrl-C.
    #[arg(long)]
    pub(crate) exit: bool,
}
